import { once } from "node:events";
import { crc32, createDeflateRaw } from "node:zlib";
import {
  escaped,
  frame,
  letters,
  sheetBegins,
  sheetEnds,
  stringsBegin,
  stringsEnd,
} from "../../test/support/workbook.ts";
import { dataDescriptor, directoryEntry, ending, localHeader } from "../../test/support/zip.ts";

export interface SpreadsheetOptions {
  readonly rows: number;
  readonly path: string;
  readonly kind: "csv" | "xlsx";
  readonly header?: readonly string[];
  /** The cells of a row, from 1. */
  readonly row?: (n: number) => readonly string[];
  /** In which order the texts of a workbook stand: as the cells refer to them, or as if they had been shuffled. */
  readonly order?: "cells" | "shuffled";
}

/** Four columns in which every cell is another text. */
export const usual = {
  header: ["externalId", "phone", "email", "name"],
  row: (n: number) => [`shop-${n}`, `+8613${String(n).padStart(9, "0")}`, `member${n}@example.com`, `Kim Müller ${n}`],
};

/**
 * Writes a file of so many rows below a header, as a stream: CSV, or a workbook whose texts are all shared and distinct
 * and whose sheet stands before them, as many programs write it.
 */
export async function writeSpreadsheet(options: SpreadsheetOptions): Promise<void> {
  const { path, kind } = options;
  await (kind === "csv" ? writeCsv(options) : writeWorkbook(options, Bun.file(path).writer()));
}

async function writeCsv({ rows, path, header = usual.header, row = usual.row }: SpreadsheetOptions): Promise<void> {
  const sink = Bun.file(path).writer();
  for (let n = 0; n <= rows; n++) {
    const cells = n === 0 ? header : row(n);
    sink.write(`${cells.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`);
    if (n % 10_000 === 0) await sink.flush();
  }
  await sink.end();
}

async function writeWorkbook(options: SpreadsheetOptions, sink: Bun.FileSink): Promise<void> {
  const directory: Buffer[] = [];
  let at = 0;
  const write = (bytes: Uint8Array) => {
    at += bytes.length;
    return sink.write(bytes);
  };
  const parts: Record<string, Iterable<string>> = {
    ...Object.fromEntries(Object.entries(frame).map(([name, text]) => [name, [text]])),
    "xl/worksheets/sheet1.xml": sheetOf(options),
    "xl/sharedStrings.xml": stringsOf(options),
  };
  for (const [name, texts] of Object.entries(parts)) {
    const began = at;
    const entry = { name, method: 8, flags: 8, crc: 0, packed: 0, size: 0 };
    write(localHeader(entry));
    const deflate = createDeflateRaw({ level: 1 });
    deflate.on("data", (chunk: Buffer) => {
      entry.packed += chunk.length;
      write(chunk);
    });
    for (const text of inPieces(texts)) {
      const bytes = Buffer.from(text);
      entry.crc = crc32(bytes, entry.crc);
      entry.size += bytes.length;
      if (!deflate.write(bytes)) await once(deflate, "drain");
      await sink.flush();
    }
    deflate.end();
    await once(deflate, "end");
    write(dataDescriptor(entry));
    directory.push(directoryEntry(entry, began));
  }
  const listed = Buffer.concat(directory);
  const begins = at;
  write(listed);
  write(ending(directory.length, listed.length, begins));
  await sink.end();
}

function* sheetOf({ rows, header = usual.header, order }: SpreadsheetOptions): Generator<string> {
  const columns = header.map((_, i) => letters(i + 1));
  const place = placesOf((rows + 1) * columns.length, order);
  let next = 0;
  yield sheetBegins;
  for (let n = 1; n <= rows + 1; n++) {
    const cells = columns.map((column) => `<c r="${column}${n}" t="s"><v>${place(next++)}</v></c>`);
    yield `<row r="${n}" spans="1:${columns.length}">${cells.join("")}</row>`;
  }
  yield sheetEnds;
}

function* stringsOf({ rows, header = usual.header, row = usual.row, order }: SpreadsheetOptions): Generator<string> {
  const count = (rows + 1) * header.length;
  const cell = placesOf(count, order, true);
  yield stringsBegin;
  for (let i = 0; i < count; i++) {
    const at = cell(i);
    const n = Math.floor(at / header.length);
    const text = (n === 0 ? header : row(n))[at % header.length] ?? "";
    yield `<si><t>${escaped(text)}</t></si>`;
  }
  yield stringsEnd;
}

/** A permutation, or its inverse, that leads from anywhere to anywhere: a multiplication, modulo the count. */
function placesOf(count: number, order: SpreadsheetOptions["order"] = "cells", inverse = false) {
  if (order === "cells") return (i: number) => i;
  let step = Math.floor(count * 0.618);
  while (gcd(step, count) !== 1) step++;
  const factor = inverse ? inverseOf(step, count) : step;
  return (i: number) => Number((BigInt(i) * BigInt(factor)) % BigInt(count));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function inverseOf(a: number, modulus: number): number {
  let [r, next, t, after] = [modulus, a, 0, 1];
  while (next !== 0) {
    const quotient = Math.floor(r / next);
    [r, next] = [next, r - quotient * next];
    [t, after] = [after, t - quotient * after];
  }
  return t < 0 ? t + modulus : t;
}

/** So much text that a stream is not fed by the word. */
function* inPieces(texts: Iterable<string>): Generator<string> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
