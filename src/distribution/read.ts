import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { isRefusal, issuesOf, type Refusal } from "../errors.ts";
import { usualBounds } from "../file/bounds.ts";
import type { FileFault, FileRow, RowBatch } from "../file/file.ts";
import { headed, openTable, type Table } from "../file/table.ts";
import { enqueue } from "../queue/outbox.ts";
import { auditTransition } from "../transition/audit.ts";
import { type KeyColumn, keyColumns } from "./columns.ts";
import { type Distribution, readDistributions } from "./distribution.ts";
import { distributionEnded, distributionFailed } from "./events.ts";
import { type FirstRows, firstRows } from "./first-rows.ts";
import { type Giving, givingOf } from "./giving.ts";
import { distributionRead } from "./messages.ts";
import { forgetFile, withStoredFile } from "./pieces.ts";
import { predicted, readRow } from "./predict.ts";
import { type CellReading, cellReading } from "./report-columns.ts";
import { blockRows } from "./rows.ts";
import { writeRows } from "./write-rows.ts";

/** A message reads for so long, ms; the next one goes on. */
const turnMs = 120_000;
/** Rows of a file at most. */
export const mostRows = 1_000_000;

/**
 * Reads a file's rows from where it was left – behind the first `from` at least – and writes them down, a thousand at a
 * time, each with what is predicted of it by the conditions under which coupons are given. How far it has come is
 * written with them: whoever comes twice or was killed goes on there. What cannot be read at all ends as FAILED, with
 * its place.
 */
export async function readFile(ctx: Context, { distribution: id, from }: { distribution: number; from: number }) {
  const [distribution] = await readDistributions(ctx, sql`id = ${id} AND state IN ('UPLOADED', 'VALIDATING')`);
  if (!distribution || distribution.readTo < from) return;
  if (distribution.state === "UPLOADED") await begin(ctx, distribution);
  await withStoredFile(ctx, distribution, async (file) => {
    const salt = `${JSON.stringify(distribution.names)}\n`;
    const encoding = distribution.encodingGuessed ? undefined : (distribution.encoding ?? undefined);
    const bounds = { ...usualBounds, rows: mostRows + 1 }; // and the header
    const table = await openTable(file, { timers: ctx.timers, width: "first", encoding, salt, bounds });
    if (isRefusal(table)) return fail(ctx, distribution, faultOf(table));
    try {
      await readTable(ctx, distribution, table);
    } finally {
      await table.rows.return(undefined);
    }
  });
}

async function begin(ctx: Context, { id }: Distribution): Promise<void> {
  const where = sql`id = ${id} AND state = 'UPLOADED'`;
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "VALIDATING" }),
    sql`UPDATE distribution SET state = 'VALIDATING', since_at = ${ctx.clock()}, updated_at = ${ctx.clock()}
      WHERE ${where}`,
  ]);
}

async function readTable(ctx: Context, given: Distribution, table: Table): Promise<void> {
  const { first, rows: batches } = await headed(table.rows);
  if (first && "fault" in first) return fail(ctx, given, first.fault);
  const cells = cellReading(first?.cells ?? [], given.follows !== null);
  const header = { row: first?.row ?? 1, cells: cells.own(first?.cells ?? []) };
  const reading: Reading = { ...given, readTo: Math.max(given.readTo, header.row), cells };
  if (given.readTo === 0) await noteHeader(ctx, reading, header, table);
  const columns = keyColumns({ ...header, cells: cells.naming(header.cells) }, given.names);
  if (isRefusal(columns)) return fail(ctx, given, faultOf(columns));
  const giving = await givingOf(ctx, given, ctx.clock());
  const known = await firstRows(ctx, given.id);
  const until = ctx.timers.now() + turnMs;
  let at = reading.readTo;
  for await (const chunk of chunksOf(batches, at)) {
    // A block ended here already, perhaps in a turn before this one: there is none behind it.
    if (chunk.end && chunk.rows.length === 0) return fail(ctx, given, chunk.end);
    if (!(await writeChunk(ctx, { reading, giving, columns, first: known, at, chunk }))) return;
    at = chunk.upTo;
    if (chunk.end) return fail(ctx, given, chunk.end);
    if (ctx.timers.now() > until) return goOn(ctx, given, at);
  }
  await end(ctx, given, at);
}

interface Reading extends Distribution {
  readonly cells: CellReading;
}

async function noteHeader(
  ctx: Context,
  { id, readTo }: Reading,
  { row, cells }: { readonly row: number; readonly cells: readonly string[] },
  { encoding, isGuessed }: Table,
): Promise<void> {
  await ctx.db.write([
    sql`
      UPDATE distribution SET header_row = ${row}, header = ${JSON.stringify(cells)}, encoding = ${encoding},
        encoding_guessed = ${Number(isGuessed)}, read_to = ${readTo}, updated_at = ${ctx.clock()}
      WHERE id = ${id} AND state = 'VALIDATING' AND read_to = 0`,
  ]);
}

interface Chunk {
  readonly rows: readonly FileRow[];
  readonly upTo: number;
  readonly end?: FileFault | undefined;
}

/** A chunk has no more characters than this: a remote database takes values of 5 MB. */
const mostCharacters = 1_000_000;

/** The rows behind the first `done`, a thousand at a time. */
async function* chunksOf(batches: AsyncIterable<RowBatch>, done: number): AsyncGenerator<Chunk> {
  let rows: FileRow[] = [];
  let [characters, last] = [0, done];
  for await (const batch of batches) {
    for (const row of batch.rows) {
      if (row.row <= done) continue;
      rows.push(row);
      characters += row.length;
      if (rows.length < blockRows && characters < mostCharacters) continue;
      last = row.row;
      yield { rows, upTo: last };
      [rows, characters] = [[], 0];
    }
    if (batch.end) return yield { rows, upTo: Math.max(batch.upTo, last), end: batch.end };
    if (rows.length === 0) last = Math.max(last, batch.upTo);
  }
  if (rows.length > 0) yield { rows, upTo: rows.at(-1)?.row ?? last };
}

interface ToWrite {
  readonly reading: Reading;
  readonly giving: Giving;
  readonly columns: readonly KeyColumn[];
  readonly first: FirstRows;
  readonly at: number;
  readonly chunk: Chunk;
}

/**
 * Writes a chunk with how far the file is read, both or neither; false where somebody else was first. Members are
 * looked up in the transaction that writes them down: nobody is written down as a member who was erased meanwhile. Such
 * a row is a stranger's, and is kept as long as any other.
 */
function writeChunk(ctx: Context, { reading, giving, columns, first, at, chunk }: ToWrite): Promise<boolean> {
  const { id } = reading;
  const read = chunk.rows.map((row) => readRow(row, columns, reading.cells));
  return ctx.db.transaction(async (db) => {
    const tx = { ...ctx, db };
    const [turn] = await db.write([
      sql`
        UPDATE distribution SET read_to = ${chunk.upTo}, rows = rows + ${read.length}, updated_at = ${ctx.clock()}
        WHERE id = ${id} AND state = 'VALIDATING' AND read_to = ${at}`,
    ]);
    if (turn?.rowsAffected !== 1) return false;
    const { given, leftOut } = await predicted(tx, giving, read, first);
    await db.write(writeRows({ id, from: at, to: chunk.upTo }, given, leftOut));
    return true;
  });
}

function faultOf(refused: Refusal): FileFault {
  const [issue] = issuesOf(refused);
  const [, row, column] = /^(\d+):(\d+)$/.exec(issue?.path ?? "") ?? [];
  return { row: Number(row ?? 1), column: column ? Number(column) : null, message: issue?.message ?? refused.message };
}

/** The file cannot be read, or not to its end: nothing of it is issued. */
async function fail(ctx: Context, { id, digest }: Distribution, fault: FileFault): Promise<void> {
  const where = sql`id = ${id} AND state = 'VALIDATING'`;
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "FAILED" }),
    sql`
      UPDATE distribution SET state = 'FAILED', fault = ${JSON.stringify(fault)}, updated_at = ${ctx.clock()}
      WHERE ${where}`,
    distributionEnded(distributionFailed, id, ctx.clock()),
  ]);
  await forgetFile(ctx, digest);
  ctx.log("info", "distribution.failed", { distribution: id, row: fault.row, reason: fault.message });
}

async function goOn(ctx: Context, { id }: Distribution, at: number): Promise<void> {
  await ctx.db.write([enqueue(ctx, [distributionRead.of({ distribution: id, from: at })])]);
}

async function end(ctx: Context, { id, digest }: Distribution, at: number): Promise<void> {
  const where = sql`id = ${id} AND state = 'VALIDATING' AND read_to = ${at}`;
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "READY" }),
    sql`UPDATE distribution SET state = 'READY', updated_at = ${ctx.clock()} WHERE ${where}`,
  ]);
  await forgetFile(ctx, digest);
  ctx.log("info", "distribution.ready", { distribution: id });
}
