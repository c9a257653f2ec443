import type { Timers } from "../world.ts";

/** A file to read: a `Blob`, as uploads and `Bun.file` are, with a name. It is read more than once. */
export interface NamedFile {
  readonly name: string;
  readonly content: Blob;
}

/** What is wrong with a file, and where: as a spreadsheet counts, from 1. */
export interface FileFault {
  readonly row: number;
  /** Null when the row as a whole is meant. */
  readonly column: number | null;
  readonly message: string;
}

/** A row of a file that is not blank, or what is wrong with it. */
export type FileRow = { readonly row: number /** In characters. */; readonly length: number } & (
  | { readonly cells: readonly string[] }
  | { readonly fault: FileFault }
);

/** Rows in their order, and where the file has been read to. Every kind of file is handed out so. */
export interface RowBatch {
  readonly rows: readonly FileRow[];
  /** Rows of the file up to here, blank ones counted. */
  readonly upTo: number;
  /** Why nothing after this is read. */
  readonly end?: FileEnd | undefined;
}

/** Why a file is not read to its end: it has more rows than one may have, or is damaged from there on. */
export interface FileEnd extends FileFault {
  readonly why: "full" | "damaged";
}

/** A fault's place as the path of an issue: `row:column`. */
export function placeOf({ row, column }: FileFault): string {
  return `${row}:${column ?? 1}`;
}

/** Bytes that are dealt with in one turn of the event loop. */
const pieceSize = 32_768;

/** The bytes of a file, a turn of the event loop after each piece, so that nobody waits for a long one. */
export async function* piecesOf(content: Blob, { soon }: Timers): AsyncGenerator<Uint8Array> {
  for await (const chunk of content.stream()) {
    for (let at = 0; at < chunk.length; at += pieceSize) {
      yield chunk.subarray(at, at + pieceSize);
      await new Promise<void>(soon);
    }
  }
}
