import { isRefusal } from "../../src/errors.ts";
import type { FileRow } from "../../src/file/file.ts";
import { type RowOptions, rowsOf } from "../../src/file/rows.ts";
import { openTable } from "../../src/file/table.ts";
import { realWorld } from "../../src/world.ts";

/** The rows of a text that comes in pieces of `size` characters. */
export async function rowsIn(text: string, options: RowOptions = { width: "first" }, size = text.length || 1) {
  async function* pieces() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const read: FileRow[] = [];
  for await (const { rows, end } of rowsOf(pieces(), options)) {
    read.push(...rows);
    if (end) read.push({ row: end.row, fault: end, length: 0 });
  }
  return read;
}

/** A row's cells, or `row:column` of its fault with what is wrong. */
export function inWords(read: FileRow): string {
  if ("cells" in read) return `${read.row} ${read.cells.join(" | ")}`;
  const { row, column, message } = read.fault;
  return `${row}${column === null ? "" : `:${column}`} ${message}`;
}

export async function wordsOf(...given: Parameters<typeof rowsIn>): Promise<string[]> {
  return (await rowsIn(...given)).map(inWords);
}

/** What a file is read to, in words; a refusal, where it is refused. */
export async function tableWords(content: Blob, width: RowOptions["width"] = "first"): Promise<string[]> {
  const table = await openTable({ name: "file", content }, { timers: realWorld.timers, width, salt: "" });
  if (isRefusal(table)) return [table.message];
  const words: string[] = [];
  for await (const { rows, end } of table.rows) {
    words.push(...rows.map(inWords));
    if (end) words.push(`${end.row}:${end.column ?? ""} ${end.why}: ${end.message}`);
  }
  return words;
}
