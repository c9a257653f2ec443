import { stringify } from "csv-stringify/sync";
import type { Report } from "./report.ts";

/**
 * A report as CSV in UTF-8, text by text. Its mark is what Excel knows the encoding by; cells with what other countries
 * take for a delimiter are quoted, so that the header tells which one it is.
 */
export async function* reportCsv({ rows }: Pick<Report, "rows">): AsyncGenerator<string> {
  yield "\uFEFF";
  for await (const page of rows)
    yield stringify([...page] as string[][], { record_delimiter: "\r\n", quoted_match: /[;\t\r\n]/ });
}

/** What a workbook says otherwise: text that looks like an escaped sign, and signs that XML has not. */
const escaped = /_(?=x[\da-f]{4}_)|[\uFFFE\uFFFF]/gi;

/**
 * A report as an Excel workbook, whose bytes are made while they are taken: all cells are text, so that numbers keep
 * their zeros, also those that are typed into it.
 */
export async function reportXlsx({ rows }: Pick<Report, "rows">): Promise<ReadableStream<Uint8Array>> {
  // Loaded when somebody takes one: it is as large as all that the house needs to start.
  const { writeXlsxStream } = await import("hucre/xlsx");
  const { value: first = [] } = await rows.next();
  const columns = (first[0] ?? []).map(() => ({ numFmt: "@", width: 20 }));
  return writeXlsxStream(cellsOf(first, rows), { name: "Report", columns, freezePane: { rows: 1 }, zip64: false });
}

async function* cellsOf(first: readonly (readonly string[])[], rest: Report["rows"]): AsyncGenerator<string[]> {
  const row = (cells: readonly string[]) =>
    cells.map((cell) =>
      cell.replace(escaped, (sign) => `_x${sign.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}_`),
    );
  yield* first.map(row);
  for await (const page of rest) for (const cells of page) yield row(cells);
}
