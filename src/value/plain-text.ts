import { z } from "zod";
import { type Reader, schemaOf, unfit } from "./value.ts";

/** Scripts whose letters join or part by invisible characters, which therefore are part of the word. */
const joining = [
  ["Arabic", "Syriac", "Mongolian", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya"],
  ["Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Khmer", "Myanmar"],
]
  .flat()
  .map((script) => `\\p{Script=${script}}`)
  .join("");

/** What is invisible and yet part of what is seen: joiners inside such words and inside emoji, and how these look. */
const meant = [
  `(?<=[${joining}])[\\u200C\\u200D](?=[${joining}])`,
  "(?<=\\p{Extended_Pictographic}[\\uFE0F\\u{1F3FB}-\\u{1F3FF}]?)\\u200D(?=\\p{Extended_Pictographic})",
  "(?<=\\p{Extended_Pictographic})\\uFE0F",
  "(?<=[0-9#*])\\uFE0F(?=\\u20E3)",
].join("|");

/** Zero widths, marks of direction, soft hyphens, fillers, control characters; those that are meant come as a group. */
const invisible = new RegExp(`(${meant})|[[\\p{Default_Ignorable_Code_Point}\\p{Cc}]--[\\t\\n\\r]]`, "gv");
const isClean = /^[\x21-\x7E]*$/;

/** Without what nobody sees. Line ends and tabs stay. */
export function visible(text: string): string {
  return text.replace(invisible, (_, kept?: string) => kept ?? "");
}

/** One line: nothing invisible, single blanks, none at the ends, and NFC, so that é is é however it was composed. */
export function lineOf(text: string): string {
  return isClean.test(text) ? text : visible(text).replace(/\s+/g, " ").trim().normalize("NFC");
}

/** The same for a text of several lines, whose inner blanks and line ends stay. */
export function blockOf(text: string): string {
  return isClean.test(text) ? text : visible(text).trim().normalize("NFC");
}

/** Part of a text, as one searches for it: the blanks at its ends may be meant. */
export function partOf(text: string): string {
  return isClean.test(text) ? text : visible(text).normalize("NFC");
}

/** What no part of the system keeps unchanged: NUL ends a text in SQLite, half of a surrogate pair has no UTF-8. */
export function isPlain(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function reader(form: (text: string) => string, longest: number): Reader {
  return (text) => {
    if (!isPlain(text)) return unfit("is not well-formed text: leave out NUL characters and halves of characters");
    const value = form(text);
    if (value === "") return unfit("must not be empty");
    return value.length > longest
      ? unfit(`has more than ${longest.toLocaleString("en")} characters: shorten it`)
      : value;
  };
}

/** Reads a line of text of 1 to `longest` characters: names, tags, topics, ids that others gave. */
export const readLine = (longest: number): Reader => reader(lineOf, longest);
/** Reads a text of one or more lines. */
export const readBlock = (longest: number): Reader => reader(blockOf, longest);
/** Reads part of a text, to be searched for. */
export const readPart = (longest: number): Reader => reader(partOf, longest);

/** The schema of {@link readLine}. */
export const plainText = (longest = 500) => schemaOf(readLine(longest));
/** The schema of a line that may be empty. */
export const lineOrNone = (longest: number) => maybeEmpty(lineOf, longest);
/** The schema of a text of one or more lines that may be empty. */
export const blockOrNone = (longest: number) => maybeEmpty(blockOf, longest);

function maybeEmpty(form: (text: string) => string, longest: number) {
  return z
    .string()
    .transform((text) => form(text.toWellFormed()))
    .pipe(z.string().max(longest));
}
