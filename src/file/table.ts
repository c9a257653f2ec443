import { type InvalidInput, refuse } from "../errors.ts";
import { type FileRow, type NamedFile, placeOf, type RowBatch } from "./file.ts";
import { type RowOptions, rowsOf } from "./rows.ts";
import { isFault, type Survey, type SurveyOptions, surveyOf } from "./survey.ts";
import { textsOf } from "./texts.ts";

export interface Table extends Survey {
  /** All rows, from the first. */
  readonly rows: AsyncGenerator<RowBatch>;
}

/**
 * Opens a file of rows: CSV with commas, semicolons or tabs. It is read as a stream, in turns of the event loop that
 * hold nobody, and never more than a row and a piece of it in memory. Refuses, with `row:column`, what is no text and
 * text of which the encoding is unknown.
 */
export async function openTable(
  file: NamedFile,
  { width, bounds, ...survey }: SurveyOptions & RowOptions,
): Promise<Table | InvalidInput> {
  const known = await surveyOf(file, survey);
  if (isFault(known)) return refuse.invalid([{ path: placeOf(known), message: known.message }]);
  const texts = textsOf(file.content, known.encoding, survey.timers);
  return { ...known, rows: rowsOf(texts, { width, ...(bounds ? { bounds } : {}) }) };
}

/** Takes the first row that is not blank off the others. */
export async function headed(
  rows: AsyncGenerator<RowBatch>,
): Promise<{ readonly first: FileRow | undefined; readonly rows: AsyncGenerator<RowBatch> }> {
  for (let next = await rows.next(); !next.done; next = await rows.next()) {
    const [first, ...others] = next.value.rows;
    if (first) return { first, rows: following({ ...next.value, rows: others }, rows) };
  }
  return { first: undefined, rows };
}

async function* following(batch: RowBatch, rows: AsyncGenerator<RowBatch>): AsyncGenerator<RowBatch> {
  try {
    yield batch;
    yield* rows;
  } finally {
    await rows.return(undefined);
  }
}
