import type { Language } from "../language.ts";
import { lineOf } from "../value/plain-text.ts";
import { restore } from "./neutral.ts";

/** What a report adds behind the operator's own columns, by the language of whoever takes it. */
const headings = {
  en: ["Fanfare: outcome", "Fanfare: row and column", "Fanfare: cause", "Fanfare: what to do"],
  zh: ["Fanfare：结果", "Fanfare：行与列", "Fanfare：原因", "Fanfare：处理办法"],
} as const satisfies Record<Language, readonly string[]>;

/** The first of them where nothing has been issued yet. */
const predicted = { en: "Fanfare: predicted outcome", zh: "Fanfare：预计结果" } as const;

const known: ReadonlySet<string> = new Set([...Object.values(headings).flat(), ...Object.values(predicted)]);

/** Those that a report has; of a prediction the first says so. */
export function reportHeadings(language: Language, isPrediction: boolean): readonly string[] {
  return isPrediction ? [predicted[language], ...headings[language].slice(1)] : headings[language];
}

/**
 * How the rows of a file are read that has this header: where it is a report, or what was made of one (`isFollowUp`),
 * without the columns that the report added, and with cells as they were before they were made safe for spreadsheets.
 */
export function ownCellsOf(header: readonly string[], isFollowUp: boolean) {
  const isOurs = header.map((cell) => known.has(lineOf(restore(cell))));
  if (!isOurs.includes(true)) {
    return isFollowUp ? (cells: readonly string[]) => cells.map(restore) : (cells: readonly string[]) => cells;
  }
  return (cells: readonly string[]) => cells.filter((_, i) => !isOurs[i]).map(restore);
}
