import { lineOf, readLine } from "./plain-text.ts";
import { isUnfit, type Reader, schemaOf, unfit } from "./value.ts";

/** The longest id that others give, in characters. */
const longest = 200;
const read = readLine(longest);

/**
 * How a spreadsheet writes a number that is too long for its cell: `4.00639E+12`. The digits behind it are gone, so
 * that two persons' ids have become one. Ids in which an E stands between digits without a sign are ids.
 */
const scientific = /^[+-]?\d(?:[.,]\d+)?E[+-]\d{2,3}$/i;

/** Whether a spreadsheet has rounded it. */
export function isRounded(text: string): boolean {
  return scientific.test(text.trim());
}

/** What to do about a text that is {@link isRounded}. */
export const rounded =
  "is a number that a spreadsheet has rounded, its last digits are lost: format the column as text and export it again";

/** Reads the id by which others – the shop, its cart, its files – name something. */
export const readExternalId: Reader = (text) => {
  const value = read(text);
  return !isUnfit(value) && isRounded(value) ? unfit(rounded) : value;
};

/** The schema of a new id; `most` characters at most. */
export const externalId = (most = longest) =>
  schemaOf(most === longest ? readExternalId : (text) => short(readExternalId(text), most));

/** The schema of an id that is looked for: one that was taken in earlier times is still found. */
export const soughtId = () => schemaOf(readLine(500));

/** Signs that have one form only. */
const isUsual = /^[\x21-\x7E]+$/;

/**
 * The forms under which an id may be kept: its canonical one, and, where that differs, those in which it was taken
 * before ids were normalised. Whoever looks for it takes the first that is there.
 */
export function externalIdForms(text: string): readonly [string, ...string[]] {
  if (isUsual.test(text)) return [text];
  const canonical = lineOf(text);
  const forms = new Set([canonical, text, canonical.normalize("NFD")]);
  forms.delete(canonical);
  return [canonical, ...forms];
}

function short(value: ReturnType<Reader>, most: number) {
  return isUnfit(value) || value.length <= most ? value : unfit(`has more than ${most} characters: shorten it`);
}
