import type { Language } from "../language.ts";
import { lineOf } from "../value/plain-text.ts";
import { restore, withoutQuotes } from "./neutral.ts";

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

/** How the cells of a file's rows are read. */
export interface CellReading {
  /** The operator's own, as they were before a report made them safe for spreadsheets. */
  readonly own: (cells: readonly string[]) => readonly string[];
  /** The same, as members are named by them. */
  readonly naming: (own: readonly string[]) => readonly string[];
}

/**
 * How a file is read that has this header: a report, which has our columns, without them. A follow-up without them may
 * be a report from which somebody took them – or the report of one such, and so on –, or the whole file once more: it
 * is kept as it is, and whom it names is read either way.
 */
export function cellReading(header: readonly string[], isFollowUp: boolean): CellReading {
  const isOurs = header.map((cell) => known.has(lineOf(restore(cell))));
  const isReport = isOurs.includes(true);
  return {
    own: isReport ? (cells) => cells.filter((_, i) => !isOurs[i]).map(restore) : same,
    naming: isReport || isFollowUp ? (cells) => cells.map(withoutQuotes) : same,
  };
}

const same = (cells: readonly string[]) => cells;
