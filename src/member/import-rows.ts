import type { Column, Draft } from "./import-columns.ts";
import { checkItem, isFaulty, type MemberItem } from "./member-item.ts";

/** One fault of a file. */
export interface ImportFault {
  /** As a spreadsheet counts: the header is row 1. */
  readonly row: number;
  /** From 1; null when the row as a whole is meant. */
  readonly column: number | null;
  readonly message: string;
}

/** Rows that are written by one statement: their valid items, and what is wrong with the others. */
export interface Chunk {
  readonly items: readonly MemberItem[];
  readonly faults: readonly ImportFault[];
  readonly rows: number;
}

/**
 * Gathers a file's records into chunks of at most `size` rows. A chunk ends early before the second row of one
 * `externalId`, because a statement takes each member once; so the later row wins, as it would by itself.
 */
export async function* chunksOf(
  records: AsyncIterable<readonly string[]>,
  columns: readonly Column[],
  width: number,
  { firstRow, size }: { firstRow: number; size: number },
): AsyncGenerator<Chunk> {
  let chunk = emptyChunk();
  let row = firstRow;
  for await (const record of records) {
    const read = isBlank(record) ? [] : readRow(record, columns, width, row);
    row++;
    const repeated = !Array.isArray(read) && chunk.seen.has(read.externalId);
    if (repeated || chunk.rows === size) {
      yield chunk;
      chunk = emptyChunk();
    }
    chunk.rows++;
    if (Array.isArray(read)) chunk.faults.push(...read);
    else {
      chunk.items.push(read);
      chunk.seen.add(read.externalId);
    }
  }
  if (chunk.rows > 0) yield chunk;
}

function isBlank(record: readonly string[]): boolean {
  return record.length === 1 && record[0] === "";
}

function emptyChunk() {
  return { items: [] as MemberItem[], faults: [] as ImportFault[], rows: 0, seen: new Set<string>() };
}

function readRow(
  record: readonly string[],
  columns: readonly Column[],
  width: number,
  row: number,
): MemberItem | ImportFault[] {
  if (record.length !== width)
    return [{ row, column: null, message: `has ${record.length} cells, the header ${width}` }];
  const item: Draft = {};
  const faults: ImportFault[] = [];
  for (const column of columns) {
    const cell = record[column.number - 1] ?? "";
    const message = cell.trim() === "" ? undefined : column.put(item, cell);
    if (message) faults.push({ row, column: column.number, message });
  }
  // Faults are kept, so that they say nothing of the person: the place is enough.
  const checked = checkItem(item, "bare");
  if (!isFaulty(checked)) return faults.length > 0 ? faults : checked;
  const told = new Set(faults.map(({ column }) => column));
  const further = checked.map(({ path, message }) => ({ row, column: columnOf(columns, path), message }));
  return [...faults, ...further.filter(({ column }) => !told.has(column))].sort(byColumn);
}

function byColumn(one: ImportFault, other: ImportFault): number {
  return (one.column ?? 0) - (other.column ?? 0);
}

function columnOf(columns: readonly Column[], path: string): number | null {
  const place = columns.find((column) => path === column.place || path.startsWith(`${column.place}.`));
  return place?.number ?? null;
}
