import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { unitsLeft, whatIsShort } from "../coupon/issue/issue-rules.ts";
import { field, rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { isRefusal, issuesOf, type Refusal } from "../errors.ts";
import type { FileFault, FileRow, RowBatch } from "../file/file.ts";
import { headed, openTable, type Table } from "../file/table.ts";
import { enqueue } from "../queue/outbox.ts";
import { auditTransition } from "../transition/audit.ts";
import { type KeyColumn, keyColumns, keyKinds, type Named, namedBy } from "./columns.ts";
import { type Distribution, readDistributions } from "./distribution.ts";
import { type FirstRows, firstRows } from "./first-rows.ts";
import { type Giving, givingOf } from "./giving.ts";
import { distributionRead } from "./messages.ts";
import { forgetFile, withStoredFile } from "./pieces.ts";
import { type CellReading, cellReading } from "./report-columns.ts";
import { against, type Block, blockRows, leftOutOf, memberOf, saidCause, saidOutcome } from "./rows.ts";

/** A message reads for so long, ms; the next one goes on. */
const turnMs = 120_000;
/** Rows of a file at most. */
export const mostRows = 1_000_000;

/**
 * Reads a file's rows behind the first `from` and writes them down, a thousand at a time, each with what is predicted
 * of it by the conditions under which coupons are given. How far it has come is written with them: whoever comes twice
 * or was killed goes on there. What cannot be read at all ends as FAILED, with its place.
 */
export async function readFile(ctx: Context, { distribution: id, from }: { distribution: number; from: number }) {
  const [distribution] = await readDistributions(ctx, sql`id = ${id} AND state IN ('UPLOADED', 'VALIDATING')`);
  if (!distribution || distribution.readTo !== from) return;
  if (distribution.state === "UPLOADED") await begin(ctx, distribution);
  await withStoredFile(ctx, distribution, async (file) => {
    const salt = `${JSON.stringify(distribution.names)}\n`;
    const encoding = distribution.encodingGuessed ? undefined : (distribution.encoding ?? undefined);
    const bounds = { columns: 1_000, cell: 32_767, row: 1_000_000, rows: mostRows };
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
  const known = await firstRows(ctx, given);
  const until = ctx.timers.now() + turnMs;
  let at = reading.readTo;
  for await (const chunk of chunksOf(batches, at)) {
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
 * looked up in the transaction that writes them down: one who is erased meanwhile is not written down any more.
 */
function writeChunk(ctx: Context, { reading, giving, columns, first, at, chunk }: ToWrite): Promise<boolean> {
  const { id } = reading;
  const read = chunk.rows.map((row) => readRow(row, columns, reading));
  return ctx.db.transaction(async (db) => {
    const tx = { ...ctx, db };
    const [turn] = await db.write([
      sql`
        UPDATE distribution SET read_to = ${chunk.upTo}, rows = rows + ${read.length}, updated_at = ${ctx.clock()}
        WHERE id = ${id} AND state = 'VALIDATING' AND read_to = ${at}`,
    ]);
    if (turn?.rowsAffected !== 1) return false;
    const found = await membersOf(tx, giving, read);
    const { given, leftOut } = await predicted(tx, giving, read, found, first);
    const block = { id, from: at, to: chunk.upTo };
    await db.write([
      ...insertGiven(block, given),
      ...insertLeftOut(block, leftOut),
      countPredicted(block, given.length),
    ]);
    return true;
  });
}

function countPredicted(block: Block, given: number): Query {
  return sql`
    INSERT INTO distribution_count (distribution, outcome, predicted)
    SELECT ${block.id}, outcome, n FROM (
      SELECT outcome, count(*) AS n FROM distribution_left_out WHERE ${leftOutOf(block)} GROUP BY outcome
      UNION ALL SELECT 'ISSUED', ${given} WHERE ${given} > 0) WHERE true
    ON CONFLICT DO UPDATE SET predicted = predicted + excluded.predicted`;
}

/** A row of the file: whom it names, or what is wrong with it. */
interface ReadRow {
  readonly row: number;
  /** JSON. */
  readonly cells: string;
  readonly named: Named;
}

function readRow(read: FileRow, columns: readonly KeyColumn[], { cells: { own, naming } }: Reading): ReadRow {
  const { row } = read;
  if ("fault" in read) return { row, cells: "[]", named: read.fault };
  const cells = own(read.cells);
  return { row, cells: JSON.stringify(cells), named: namedBy(columns, naming(cells)) };
}

/** Who is meant, and what speaks against giving them one. */
interface Found {
  /** −1: several. */
  readonly member: number;
  /** E.g. `NOT_ELIGIBLE/ENDED`. */
  readonly against: string | null;
}

/** Whom these rows name, by row; those are missing who are not there. */
async function membersOf(ctx: Context, giving: Giving, read: readonly ReadRow[]): Promise<Map<number, Found>> {
  const found = new Map<number, Found>();
  const now = ctx.clock();
  for (const kind of keyKinds) {
    const keys = read.flatMap(({ row, named }) => ("key" in named && named.kind === kind ? [[row, named.key]] : []));
    if (keys.length === 0) continue;
    const meant = sql`
      SELECT value ->> 0 AS row, ${memberOf(kind, sql`value ->> 1`)} AS member FROM ${rows(keys)} LIMIT -1`;
    // As one text: an object for each row would cost more than all else of the look-up.
    const answer = await ctx.db.first<{ found: string }>(sql`
      SELECT json_group_array(json_array(row, member,
        CASE WHEN member > 0 THEN ${against(giving, sql`f.member`, now)} END)) AS found
      FROM (${meant}) f WHERE member IS NOT NULL`);
    const page: [number, number, string | null][] = JSON.parse(answer?.found ?? "[]");
    for (const [row, member, against] of page) found.set(row, { member, against });
  }
  return found;
}

/** A row that is to get a coupon. */
interface GivenRow extends ReadRow {
  readonly member: number;
}

/** A row that is left out, as its table has it. */
interface LeftOutRow {
  readonly row: number;
  /** JSON. */
  readonly cells: string;
  readonly said: string;
  readonly member?: number;
  readonly named?: string;
  readonly column?: number | null;
  readonly message?: string | null;
  readonly other?: number;
}

/** Which rows are to get a coupon, as many as there are left, and why the others are not. */
async function predicted(
  ctx: Context,
  giving: Giving,
  read: readonly ReadRow[],
  found: ReadonlyMap<number, Found>,
  first: FirstRows,
) {
  const toGive: GivenRow[] = [];
  const leftOut: LeftOutRow[] = [];
  for (const row of read) {
    const against = leftOutFor(row, found.get(row.row), first);
    if (typeof against === "number") toGive.push({ ...row, member: against });
    else leftOut.push({ row: row.row, cells: row.cells, ...against });
  }
  const { left, shortage } = await stockLeft(ctx, giving);
  const short = toGive.slice(left).map(({ row, cells, member }) => {
    return { row, cells, member, said: `OUT_OF_STOCK/${shortage}` };
  });
  return { given: toGive.slice(0, left), leftOut: [...leftOut, ...short] };
}

/** What speaks against a row before stock is asked for; else the member that it names. */
function leftOutFor(
  { row, named }: ReadRow,
  found: Found | undefined,
  first: FirstRows,
): number | Omit<LeftOutRow, "row" | "cells"> {
  if (!("key" in named)) {
    const cause = named.message === null ? "NOBODY_NAMED" : "UNREADABLE";
    return { said: `INVALID/${cause}`, column: named.column, message: named.message };
  }
  if (!found) return { said: "UNKNOWN_MEMBER/", named: `${named.kind}:${named.key}`, column: named.column };
  const { member, against } = found;
  if (member < 0) return { said: "INVALID/SEVERAL_MEMBERS", column: named.column };
  const other = first.before(member, row);
  if (other !== undefined) return { said: "DUPLICATE/", member, other };
  if (first.hasOne(member)) return { said: "ALREADY_HELD/ISSUED_BEFORE", member };
  return against === null ? member : { said: against, member };
}

/** How many more there are behind those that are predicted to get one already, and what it is that runs out. */
async function stockLeft(ctx: Context, { id, template }: Giving) {
  const row = await ctx.db.first<{ left: number; shortage: string }>(sql`
    SELECT ${unitsLeft(template)} AS left, ${whatIsShort(template)} AS shortage`);
  const before = await ctx.db.first<{ predicted: number }>(sql`
    SELECT predicted FROM distribution_count WHERE distribution = ${id} AND outcome = 'ISSUED'`);
  return { left: Math.max(0, (row?.left ?? 0) - (before?.predicted ?? 0)), shortage: row?.shortage ?? "SOLD_OUT" };
}

/** The block, with the cells of those that are to get one, in case they do not after all. */
function insertGiven({ id, from, to }: Block, given: readonly GivenRow[]): Query[] {
  const cells = `{${given.map(({ row, cells }) => `"${row}":${cells}`).join(",")}}`;
  const members = given.map(({ member, row }) => [member, row] as const).sort(([one], [other]) => one - other);
  return [
    sql`INSERT INTO distribution_block (distribution, to_row, from_row, state, cells)
      VALUES (${id}, ${to}, ${from}, 'WAITING', ${cells})`,
    sql`INSERT INTO distribution_given (distribution, block, member, row)
      SELECT ${id}, ${to}, value ->> 0, value ->> 1 FROM ${rows(members)}`,
  ];
}

function insertLeftOut({ id }: Block, leftOut: readonly LeftOutRow[]): Query[] {
  if (leftOut.length === 0) return [];
  return [
    sql`
      INSERT INTO distribution_left_out
        (distribution, row, cells, member, named, outcome, cause, "column", message, other_row)
      SELECT ${id}, row, cells, member, named, ${saidOutcome}, ${saidCause}, "column", message, other_row FROM (
        SELECT ${field("row")} AS row, ${field("cells")} AS cells, ${field("member")} AS member,
          ${field("named")} AS named, ${field("said")} AS said, ${field("column")} AS "column",
          ${field("message")} AS message, ${field("other")} AS other_row FROM ${rows(leftOut)} LIMIT -1)`,
  ];
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
    forgetFile(digest),
  ]);
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
    forgetFile(digest),
  ]);
  ctx.log("info", "distribution.ready", { distribution: id });
}
