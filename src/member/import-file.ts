import { Readable } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import { CsvError, parse } from "csv-parse";

/** A file to import: a `Blob`, as uploads and `Bun.file` are, with a name. It is read as a stream, twice. */
export interface ImportFile {
  readonly name: string;
  readonly content: Blob;
}

/** The longest row, in bytes: a quote that is never closed must not swallow the file into memory. */
const longestRow = 1_000_000;

/** The records of a CSV file (UTF-8, comma, semicolon or tab, as its first line suggests), the header first. */
export async function* recordsOf({ content }: ImportFile): AsyncGenerator<readonly string[]> {
  const parser = parse({
    bom: true,
    delimiter: await delimiterOf(content),
    relax_column_count: true,
    max_record_size: longestRow,
  });
  const source = Readable.fromWeb(webStreamOf(content));
  source.on("error", (error) => parser.destroy(error));
  try {
    yield* source.pipe(parser);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** Where a file stops being CSV, and why; nothing when the error is another. */
export function csvFault(error: unknown): { readonly row: number; readonly message: string } | undefined {
  if (!(error instanceof CsvError)) return undefined;
  const faults: Readonly<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: "opens a quote that is never closed",
    CSV_INVALID_CLOSING_QUOTE: "has text after a closing quote",
    INVALID_OPENING_QUOTE: "has a quote inside a cell that is not quoted",
    CSV_MAX_RECORD_SIZE: `is longer than ${longestRow.toLocaleString("en")} bytes; is a quote never closed?`,
  };
  return { row: Number(error.records ?? 0) + 1, message: faults[error.code] ?? "is not CSV" };
}

/** Tells a file, read with these names of columns, from every other. */
export async function digestOf({ content }: ImportFile, names: object): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256").update(`${JSON.stringify(names)}\n`);
  for await (const bytes of content.stream()) hasher.update(bytes);
  return hasher.digest("hex");
}

async function delimiterOf(content: Blob): Promise<string> {
  const [line = ""] = (await content.slice(0, 65_536).text()).split(/\r?\n/, 1);
  const unquoted = line.replace(/"[^"]*"/g, "");
  const counted = [",", ";", "\t"].map((delimiter) => ({ delimiter, count: unquoted.split(delimiter).length }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

/** The same stream by the name that `node:stream` has for it. */
function webStreamOf(content: Blob): WebStream<Uint8Array> {
  return content.stream() as unknown as WebStream<Uint8Array>;
}
