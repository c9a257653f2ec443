import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import { isRefusal, issuesOf, type Refusal } from "../errors.ts";
import type { FileFault, FileRow, RowBatch } from "../file/file.ts";
import { headed, openTable, type Table } from "../file/table.ts";
import { enqueue } from "../queue/outbox.ts";
import { auditTransition } from "../transition/audit.ts";
import { type KeyColumn, keyColumns, namedBy } from "./columns.ts";
import { type Distribution, readDistributions } from "./distribution.ts";
import { type Giving, givingOf } from "./giving.ts";
import { distributionRead } from "./messages.ts";
import { restore } from "./neutral.ts";
import { forgetFile, withStoredFile } from "./pieces.ts";
import { againstRow, memberNamed, stepRows, turnAway, within } from "./rows.ts";

/** A message reads for so long, ms; the next one goes on. */
const turnMs = 120_000;
/** Rows of a file at most. */
export const mostRows = 1_000_000;

/** The file is being read, up to here. */
const isTurn = ({ id }: Pick<Distribution, "id">, from: number) =>
  sql`EXISTS (SELECT 1 FROM distribution WHERE id = ${id} AND state = 'VALIDATING' AND read_to = ${from})`;

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
  const isFollowUp = given.follows !== null;
  if (first && "fault" in first) return fail(ctx, given, first.fault);
  const header = { row: first?.row ?? 1, cells: first?.cells.map((cell) => (isFollowUp ? restore(cell) : cell)) ?? [] };
  const columns = keyColumns(header, given.names);
  if (isRefusal(columns)) return fail(ctx, given, faultOf(columns));
  const reading: Reading = { ...given, readTo: Math.max(given.readTo, header.row), isFollowUp };
  if (given.readTo === 0) await noteHeader(ctx, reading, header, table);
  const giving = await givingOf(ctx, given, ctx.clock());
  const until = ctx.timers.now() + turnMs;
  let at = reading.readTo;
  for await (const chunk of chunksOf(batches, at)) {
    if (!(await writeChunk(ctx, { reading, giving, columns, at, chunk }))) return;
    at = chunk.upTo;
    if (chunk.end) return fail(ctx, given, chunk.end);
    if (ctx.timers.now() > until) return goOn(ctx, given, at);
  }
  await end(ctx, given, at);
}

interface Reading extends Distribution {
  readonly isFollowUp: boolean;
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
      if (rows.length < stepRows && characters < mostCharacters) continue;
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
  readonly at: number;
  readonly chunk: Chunk;
}

/** Writes a chunk with how far the file is read, both or neither; false where somebody else was first. */
async function writeChunk(ctx: Context, { reading, giving, columns, at, chunk }: ToWrite): Promise<boolean> {
  const { id } = reading;
  const turn = isTurn(reading, at);
  const stretch = { id, from: at, to: chunk.upTo };
  const list = chunk.rows.map((row) => readRow(row, columns, reading.isFollowUp));
  const toBe = sql`(SELECT coalesce(sum(predicted), 0) FROM distribution_count
    WHERE distribution = ${id} AND outcome = 'ISSUED')`;
  const results = await ctx.db.write([
    insertRows(giving, list, turn, ctx.clock()),
    turnAway(giving, stretch, toBe, turn),
    sql`
      INSERT INTO distribution_count (distribution, outcome, predicted)
      SELECT ${id}, outcome, count(*) FROM distribution_row WHERE ${within(stretch)} AND ${turn} GROUP BY outcome
      ON CONFLICT DO UPDATE SET predicted = predicted + excluded.predicted`,
    sql`
      UPDATE distribution SET read_to = ${chunk.upTo}, rows = rows + ${list.length}, updated_at = ${ctx.clock()}
      WHERE id = ${id} AND state = 'VALIDATING' AND read_to = ${at}`,
  ]);
  return results.at(-1)?.rowsAffected === 1;
}

/** A row as the statement takes it: its number, its cells, whom it names, and where and what is wrong with it. */
type ListedRow = readonly [number, string, string | null, string | null, number | null, string | null];

function readRow(read: FileRow, columns: readonly KeyColumn[], isFollowUp: boolean): ListedRow {
  if ("fault" in read) return [read.row, "[]", null, "UNREADABLE", read.fault.column, read.fault.message];
  const cells = isFollowUp ? read.cells.map(restore) : read.cells;
  const named = namedBy(columns, cells);
  const text = JSON.stringify(cells);
  if ("key" in named) return [read.row, text, `${named.kind}:${named.key}`, null, null, null];
  return [read.row, text, null, named.message === null ? "NOBODY_NAMED" : "UNREADABLE", named.column, named.message];
}

/** Writes rows down with what is predicted of each; stock is asked of all of them together. */
function insertRows(giving: Giving, list: readonly ListedRow[], guard: ReturnType<typeof sql>, now: number) {
  const { id } = giving;
  return sql`
    INSERT INTO distribution_row
      (distribution, row, cells, member, named, outcome, cause, "column", message, other_row)
    WITH
      read AS MATERIALIZED (
        SELECT value ->> 0 AS row, value ->> 1 AS cells, value ->> 2 AS named, value ->> 3 AS cause,
          value ->> 4 AS "column", value ->> 5 AS message
        FROM ${rows(list)} WHERE ${guard}),
      found AS MATERIALIZED (SELECT read.*, ${memberNamed(sql`named`)} AS member FROM read),
      placed AS MATERIALIZED (
        SELECT found.*, CASE WHEN member > 0 THEN coalesce(
          (SELECT e.row FROM distribution_row e
            WHERE e.member = found.member AND e.distribution = ${id} AND e.other_row IS NULL),
          nullif(min(row) OVER (PARTITION BY member), row)) END AS other_row
        FROM found),
      judged AS (
        SELECT r.*, CASE WHEN r.cause IS NOT NULL THEN 'INVALID/' || r.cause
          WHEN r.member = -1 THEN 'INVALID/SEVERAL_MEMBERS' ELSE coalesce(${againstRow(giving, now)}, 'ISSUED/') END AS said
        FROM placed r LEFT JOIN member m ON m.seq = r.member)
    SELECT ${id}, row, cells, nullif(member, -1), CASE WHEN member IS NULL THEN named END,
      substr(said, 1, instr(said, '/') - 1), nullif(substr(said, instr(said, '/') + 1), ''), "column", message,
      other_row
    FROM judged`;
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
