import { type InvalidInput, refuse } from "../errors.ts";
import { mostBytes } from "./bounds.ts";
import { type FileRow, type NamedFile, placeOf, type RowBatch } from "./file.ts";
import { isArchive } from "./kind.ts";
import { type RowOptions, rowsOf } from "./rows.ts";
import { digestOf, isFault, type Survey, type SurveyOptions, surveyOf } from "./survey.ts";
import { textsOf } from "./texts.ts";
import { workbookRows } from "./xlsx/open.ts";
import { Unreadable } from "./xlsx/unreadable.ts";

export interface Table extends Survey {
  /** All rows, from the first. Whoever does not read them to their end returns them: they may hold a file. */
  readonly rows: AsyncGenerator<RowBatch>;
}

/**
 * Opens a file of rows: CSV with commas, semicolons or tabs, or the first sheet of an Excel workbook (XLSX) that is
 * shown. It is read as a stream, in turns of the event loop that hold nobody, and never more than a row and a piece of
 * it in memory. Refuses, with `row:column`, what is neither, text of which the encoding is unknown, and a workbook that
 * is damaged or unfolds into too much. An encoding is said of text only: a workbook has its own.
 */
export async function openTable(file: NamedFile, options: SurveyOptions & RowOptions): Promise<Table | InvalidInput> {
  if (file.content.size >= mostBytes)
    return refuse.invalid([{ path: "1:1", message: "the file has 2 GB or more: cut it into several" }]);
  if (await isArchive(file.content)) return openWorkbook(file, options);
  const { width, bounds, ...survey } = options;
  const known = await surveyOf(file, survey);
  if (isFault(known)) return refuse.invalid([{ path: placeOf(known), message: known.message }]);
  const texts = textsOf(file.content, known.encoding, survey.timers);
  return { ...known, rows: rowsOf(texts, { width, ...(bounds ? { bounds } : {}) }) };
}

async function openWorkbook({ content }: NamedFile, options: SurveyOptions & RowOptions) {
  try {
    const rows = workbookRows(content, options);
    await rows.next();
    const digest = await digestOf(content, options);
    return { kind: "xlsx" as const, encoding: "utf-8" as const, isGuessed: false, digest, rows };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return refuse.invalid([{ path: "1:1", message: `the file ${error.message}` }]);
  }
}

/** Takes the first row that is not blank off the others. */
export async function headed(
  rows: AsyncGenerator<RowBatch>,
): Promise<{ readonly first: FileRow | undefined; readonly rows: AsyncGenerator<RowBatch> }> {
  for (let next = await rows.next(); !next.done; next = await rows.next()) {
    const [first, ...others] = next.value.rows;
    if (!first && !next.value.end) continue;
    const following = rowsFrom({ ...next.value, rows: others }, rows);
    await following.next(); // once it has begun, it returns the others when it is returned
    return { first, rows: following };
  }
  return { first: undefined, rows };
}

async function* rowsFrom(batch: RowBatch, rows: AsyncGenerator<RowBatch>): AsyncGenerator<RowBatch> {
  try {
    yield { rows: [], upTo: 0 };
    yield batch;
    yield* rows;
  } finally {
    await rows.return(undefined);
  }
}
