import { parse } from "csv-parse/sync";
import type { Context } from "../../src/context.ts";
import { takeReport } from "../../src/distribution/report.ts";
import { reportCsv, reportXlsx } from "../../src/distribution/report-file.ts";
import { isRefusal } from "../../src/errors.ts";
import { openTable } from "../../src/file/table.ts";
import type { Language } from "../../src/language.ts";
import { realWorld } from "../../src/world.ts";
import { fileOf } from "./distributions.ts";
import { accepted } from "./shop.ts";

/** A distribution's report as the text of its CSV. */
export async function reportOf(ctx: Context, id: number, language?: Language): Promise<string> {
  const texts: string[] = [];
  for await (const text of reportCsv(accepted(await takeReport(ctx, { id, ...(language ? { language } : {}) }))))
    texts.push(text);
  return texts.join("");
}

/** As the bytes of its workbook. */
export async function workbookOf(ctx: Context, id: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Response(await reportXlsx(accepted(await takeReport(ctx, { id })))).bytes();
}

/** The rows of such a text, the header first, as another library reads them. */
export function rowsOfCsv(text: string): string[][] {
  return parse(text, { bom: true, relax_column_count: false });
}

/** Text of CSV, all cells in quotes. */
export function csvOfRows(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")}\r\n`).join("");
}

/** The rows of a file of any kind, as our reader reads them. */
export async function rowsOfFile(content: string | Uint8Array<ArrayBuffer>): Promise<string[][]> {
  const table = await openTable(fileOf(content), { timers: realWorld.timers, width: "first", salt: "" });
  if (isRefusal(table)) throw new Error(table.message);
  const rows: string[][] = [];
  for await (const batch of table.rows) for (const row of batch.rows) rows.push("cells" in row ? [...row.cells] : []);
  return rows;
}
