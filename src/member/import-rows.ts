import type { FileFault, FileRow, RowBatch } from "../file/file.ts";
import type { Column, Draft } from "./import-columns.ts";
import { wordsSaid } from "./import-consent.ts";
import { checkItem, isFaulty, type MemberItem } from "./member-item.ts";

/** One fault of a file. */
export type ImportFault = FileFault;

/** Rows that are written by one statement: their valid items, and what is wrong with the others. */
export interface Chunk {
  readonly items: readonly MemberItem[];
  readonly faults: readonly ImportFault[];
  /** Rows of the file that it deals with, blank ones counted. */
  readonly rows: number;
  /** Why nothing after it is read. */
  readonly end?: FileFault | undefined;
}

/** A chunk holds no more characters than this, however few rows they are: a remote database takes values of 5 MB. */
const mostCharacters = 500_000;
/** Blank rows are written nowhere; no more than these are dealt with at once. */
const mostRows = 100_000;

/**
 * Gathers the rows after `done` into chunks of at most `size`. A chunk ends early before the second row of one
 * `externalId`, because a statement takes each member once; so the later row wins, as it would by itself.
 */
export async function* chunksOf(
  batches: AsyncIterable<RowBatch>,
  columns: readonly Column[],
  { done, size }: { readonly done: number; readonly size: number },
): AsyncGenerator<Chunk> {
  let chunk = chunkAfter(done);
  let last = done;
  for await (const { rows, upTo, end } of batches) {
    for (const each of rows) {
      if (each.row <= done) continue;
      const read = "fault" in each ? [each.fault] : readRow(each, columns);
      const repeated = isRead(read) && chunk.seen.has(read.externalId);
      if (repeated || chunk.taken === size || chunk.characters + each.length > mostCharacters) {
        yield closed(chunk, each.row - 1);
        chunk = chunkAfter(each.row - 1);
      }
      add(chunk, read, each.length);
    }
    last = Math.max(upTo, done);
    if (!end && last - chunk.after < mostRows) continue;
    yield closed(chunk, last, end);
    chunk = chunkAfter(last);
  }
  if (last > chunk.after) yield closed(chunk, last);
}

function chunkAfter(after: number) {
  const [items, faults]: [MemberItem[], ImportFault[]] = [[], []];
  return { after, items, faults, seen: new Set<string>(), taken: 0, characters: 0 };
}

function add(chunk: ReturnType<typeof chunkAfter>, read: MemberItem | readonly ImportFault[], length: number): void {
  chunk.taken++;
  chunk.characters += length;
  if (!isRead(read)) chunk.faults.push(...read);
  else {
    chunk.items.push(read);
    chunk.seen.add(read.externalId);
  }
}

function closed({ items, faults, after }: ReturnType<typeof chunkAfter>, upTo: number, end?: ImportFault): Chunk {
  return { items, faults, rows: upTo - after, end };
}

function isRead(read: MemberItem | readonly ImportFault[]): read is MemberItem {
  return !Array.isArray(read);
}

/**
 * What columns read themselves is not read again; the item's check gets the rest, and the id that every item has.
 */
function readRow(
  { row, cells }: FileRow & { readonly cells: readonly string[] },
  columns: readonly Column[],
): MemberItem | ImportFault[] {
  const [read, rest]: [Draft, Draft] = [{}, {}];
  const faults: ImportFault[] = [];
  for (const column of columns) {
    const cell = cells[column.number - 1] ?? "";
    const message = isEmpty(cell) ? undefined : column.put(column.isRead ? read : rest, cell);
    if (message) faults.push({ row, column: column.number, message });
  }
  const item: Record<string, unknown> = { ...read, ...(read.consent && { consent: wordsSaid(read.consent) }) };
  if (faults.length === 0 && isWhole(item, rest)) return item;
  // Faults are kept, so that they say nothing of the person: the place is enough.
  const checked = checkItem({ externalId: read.externalId, ...rest }, "bare");
  if (!isFaulty(checked)) return faults.length > 0 ? faults : { ...item, ...checked };
  const told = new Set(faults.map(({ column }) => column));
  const further = checked.map(({ path, message }) => ({ row, column: columnOf(columns, path), message }));
  return [...faults, ...further.filter(({ column }) => !told.has(column))].sort(byColumn);
}

/** Whether nothing is left to be checked: each column has read what an item holds. */
function isWhole(item: Record<string, unknown>, rest: Draft): item is MemberItem {
  for (const _ in rest) return false;
  return item.externalId !== undefined;
}

function isEmpty(cell: string): boolean {
  return cell === "" || cell.trim() === "";
}

function byColumn(one: ImportFault, other: ImportFault): number {
  return (one.column ?? 0) - (other.column ?? 0);
}

function columnOf(columns: readonly Column[], path: string): number | null {
  const place = columns.find((column) => path === column.place || path.startsWith(`${column.place}.`));
  return place?.number ?? null;
}
