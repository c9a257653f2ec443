import { type NumberKind, numberText, plainNumber } from "./number.ts";
import { unescaped } from "./rich-text.ts";
import type { SharedStrings } from "./strings.ts";

/** A cell as it stands in a sheet. */
export interface RawCell {
  readonly type: string;
  readonly style: number;
  /** The text of `v`; undefined where there is none. */
  readonly value: string | undefined;
  /** The text of `is`; null where it is longer than a cell may be. */
  readonly inline: string | null | undefined;
  readonly isFormula: boolean;
}

export const noCell: RawCell = { type: "n", style: 0, value: undefined, inline: undefined, isFormula: false };

/** What the cells of a workbook refer to. */
export interface CellWorld {
  readonly strings: SharedStrings["at"];
  readonly kinds: readonly NumberKind[];
  readonly is1904: boolean;
  readonly mostCharacters: number;
}

export type CellText = { readonly text: string } | { readonly fault: string };

const empty: CellText = { text: "" };

/** What a cell says: its text, its number, its day, what its formula came to; or why that is not known. */
export function cellText({ type, style, value, inline, isFormula }: RawCell, world: CellWorld): CellText {
  if (type === "inlineStr") return inline === undefined ? empty : textOr(inline, world);
  if (value === undefined || (value === "" && type !== "str"))
    return isFormula ? { fault: "is a formula without its result: open the file in a spreadsheet and save it" } : empty;
  switch (type) {
    case "s":
      return /^\d+$/.test(value) ? textOr(world.strings(Number(value)), world) : noText;
    case "n":
      return numberText(value, world.kinds[style] ?? plainNumber, world.is1904);
    case "str":
      return textOr(value.length > world.mostCharacters ? null : unescaped(value), world);
    case "b":
      return { text: value.trim() === "1" ? "TRUE" : "FALSE" };
    case "d":
      return { text: value.trim().replace(/T00:00(:00(\.0+)?)?$/, "") };
    case "e":
      return { fault: `is an error of the spreadsheet: ${value.slice(0, 40)}` };
    default:
      return { fault: "is of a kind that no spreadsheet has" };
  }
}

const noText: CellText = { fault: "refers to a text that the workbook does not have" };

function textOr(text: string | null | undefined, { mostCharacters }: CellWorld): CellText {
  if (text === undefined) return noText;
  return text === null ? { fault: `has more than ${mostCharacters.toLocaleString("en")} characters` } : { text };
}
