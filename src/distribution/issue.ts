import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { isGated } from "../coupon/gate/reconcile.ts";
import { couponsIssued, issueStatements, takeForIssue } from "../coupon/issue/issue.ts";
import { unitsLeft, whatIsShort } from "../coupon/issue/issue-rules.ts";
import type { Query } from "../db/statement.ts";
import { enqueue } from "../queue/outbox.ts";
import { auditTransition } from "../transition/audit.ts";
import { decideAnew, openRows } from "./decide-anew.ts";
import { type Distribution, readDistributions } from "./distribution.ts";
import { distributionCompleted, distributionEnded } from "./events.ts";
import { type Giving, givingOf } from "./giving.ts";
import { distributionNotice } from "./messages.ts";
import {
  against,
  type Block,
  batchRows,
  givenOf,
  leftOutOf,
  rowOfIssued,
  saidCause,
  saidOutcome,
  sourceOf,
} from "./rows.ts";

/**
 * Gives the members of a batch's rows their coupons, a block at a time: each decides anew what becomes of its rows,
 * gives the coupons and is done, all or nothing, and nothing unless the distribution is running. The last one ends the
 * distribution.
 */
export async function issueBatch(
  ctx: Context,
  { distribution: id, batch }: { readonly distribution: number; readonly batch: number },
): Promise<void> {
  const [distribution] = await readDistributions(ctx, sql`id = ${id} AND state = 'RUNNING'`);
  if (!distribution) return;
  const blocks = await ctx.db.all<{ from: number; to: number }>(sql`
    SELECT from_row AS "from", to_row AS "to" FROM distribution_block
    WHERE distribution = ${id} AND to_row > ${batch * batchRows} AND to_row <= ${(batch + 1) * batchRows}
      AND state = 'WAITING' ORDER BY to_row`);
  for (const { from, to } of blocks) {
    if (!(await issueOrCut(ctx, distribution, { id, from, to }))) return;
    await new Promise<void>(ctx.timers.soon);
  }
}

/** A block that the database refuses is cut in two, down to the row that is to blame; it is told, and harms nobody. */
async function issueOrCut(ctx: Context, distribution: Distribution, block: Block): Promise<boolean> {
  const { from, to } = block;
  try {
    return await issueBlock(ctx, distribution, block);
  } catch (error) {
    if (!isRefusedRow(error)) throw error;
    if (to - from === 1) {
      ctx.log("error", "distribution.row_refused", { distribution: block.id, row: to, error });
      return issueBlock(ctx, distribution, block, "refused");
    }
    const middle = Math.floor((from + to) / 2);
    await ctx.db.write(cutAt(block, middle));
    const isFirstDone = await issueOrCut(ctx, distribution, { ...block, to: middle });
    return isFirstDone && (await issueOrCut(ctx, distribution, { ...block, from: middle }));
  }
}

/** The database said no to something that a row says, and would again. */
function isRefusedRow(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_CONSTRAINT");
}

/** The statements that make two blocks of one, each with the cells of its own rows. */
function cutAt({ id, from, to }: Block, middle: number): Query[] {
  const cells = (which: SQL) => sql`(
    SELECT json_group_object(c.key, json(c.value)) FROM json_each(distribution_block.cells) c
    WHERE CAST(c.key AS INTEGER) ${which})`;
  const isThere = sql`distribution = ${id} AND to_row = ${to} AND from_row = ${from} AND state = 'WAITING'`;
  return [
    sql`
      INSERT INTO distribution_block (distribution, to_row, from_row, state, cells)
      SELECT ${id}, ${middle}, ${from}, state, ${cells(sql`<= ${middle}`)} FROM distribution_block WHERE ${isThere}`,
    sql`
      UPDATE distribution_given SET block = ${middle}
      WHERE distribution = ${id} AND block = ${to} AND row <= ${middle} AND changes() = 1`,
    sql`
      UPDATE distribution_block SET from_row = ${middle}, cells = ${cells(sql`> ${middle}`)}
      WHERE ${isThere} AND EXISTS (SELECT 1 FROM distribution_block WHERE distribution = ${id} AND to_row = ${middle})`,
  ];
}

/** The block is being written: the guard of the statements that issue it. */
const writing = ({ id, to }: Block) => sql`EXISTS (
  SELECT 1 FROM distribution_block WHERE distribution = ${id} AND to_row = ${to} AND state = 'WRITING')`;

/** False where it is not to be issued now: it was done by another, paused or cancelled. */
async function issueBlock(
  ctx: Context,
  distribution: Distribution,
  block: Block,
  refused?: "refused",
): Promise<boolean> {
  const now = ctx.clock();
  const giving = await givingOf(ctx, distribution, now);
  const source = sourceOf(block);
  const taken = await take(ctx, giving, block, source);
  const { template, perMember, terms } = giving;
  const { codeMode, codePrefix } = terms;
  const members = sql`SELECT member FROM distribution_given WHERE ${givenOf(block)} AND ${writing(block)}`;
  const anew = decideAnew(giving, block, await openRows(ctx, block), writing(block), now);
  const decided = refused ? [leaveOutAll(giving, block)] : decide(giving, block, now);
  const before = [begin(block), ...anew, ...decided, drop(block)];
  const zone = ctx.settings.shopTimeZone;
  const issue = issueStatements({ template, source, perMember, codeMode, codePrefix, members, now, zone });
  const results = await ctx.db.write([...before, ...issue, ...end(ctx, block, now)]);
  // Nobody waits for it: what the gate does not hear now, the reaper tells it.
  const issued = results.slice(before.length, before.length + issue.length);
  void couponsIssued(ctx, { template, results: issued, taken, members: () => membersOf(ctx, block) });
  return results[0]?.rowsAffected === 1;
}

/** Takes what the block may need out of the template's gate, where it has one. */
async function take(ctx: Context, { template, terms }: Giving, block: Block, source: string) {
  if (!ctx.redis || terms.stock === null) return undefined;
  const range = await ctx.db.first<{ units: number; from: number | null; to: number | null }>(sql`
    SELECT count(*) AS units, min(member) - 1 AS "from", max(member) AS "to" FROM distribution_given
    WHERE ${givenOf(block)} AND EXISTS (SELECT 1 FROM coupon_template WHERE id = ${template} AND ${isGated})`);
  if (!range?.units || range.from === null || range.to === null) return undefined;
  return takeForIssue(ctx, { template, source, units: range.units, from: range.from, to: range.to });
}

async function membersOf(ctx: Context, block: Block): Promise<number[]> {
  const found = await ctx.db.all<{ member: number }>(sql`
    SELECT member FROM distribution_given WHERE ${givenOf(block)}`);
  return found.map(({ member }) => member);
}

function begin({ id, from, to }: Block): Query {
  return sql`
    UPDATE distribution_block SET state = 'WRITING'
    WHERE distribution = ${id} AND to_row = ${to} AND from_row = ${from} AND state = 'WAITING'
      AND EXISTS (SELECT 1 FROM distribution WHERE id = ${id} AND state = 'RUNNING')`;
}

/** Leaves out whom something speaks against now, and the last of the block where there is less left. */
function decide(giving: Giving, block: Block, now: number): Query[] {
  const { template } = giving;
  const left = unitsLeft(template);
  const count = sql`(SELECT count(*) FROM distribution_given WHERE ${givenOf(block)})`;
  const last = sql`
    SELECT row, member, 'OUT_OF_STOCK/' || ${whatIsShort(template)} AS said FROM distribution_given
    WHERE ${givenOf(block)} AND ${left} < ${count} ORDER BY row LIMIT -1 OFFSET max(0, ${left})`;
  return [
    leaveOut(
      giving,
      block,
      sql`
        SELECT row, member, said FROM (
          SELECT g.row, g.member, ${against(giving, sql`g.member`, now)} AS said FROM distribution_given g
          WHERE ${givenOf(block)} LIMIT -1) WHERE said IS NOT NULL`,
    ),
    drop(block),
    leaveOut(giving, block, last),
  ];
}

/** Puts rows – a query of `row`, `member` and `said` – among those that are left out. */
function leaveOut({ template }: Giving, block: Block, who: SQL): Query {
  const { id, to } = block;
  return sql`
    INSERT INTO distribution_left_out (distribution, row, cells, member, outcome, cause, other_row)
    SELECT ${id}, o.row, b.cells -> ('$."' || o.row || '"'), o.member, ${saidOutcome}, ${saidCause},
      CASE o.said WHEN 'DUPLICATE/' THEN ${rowOfIssued({ id, template }, sql`o.member`)} END
    FROM (${who}) o CROSS JOIN distribution_block b
    WHERE b.distribution = ${id} AND b.to_row = ${to} AND b.state = 'WRITING'`;
}

function leaveOutAll(giving: Giving, block: Block): Query {
  return leaveOut(
    giving,
    block,
    sql`SELECT row, member, 'INVALID/NOT_WRITTEN' AS said FROM distribution_given WHERE ${givenOf(block)}`,
  );
}

/** Whoever is left out is given nothing. */
function drop(block: Block): Query {
  const rows = sql`SELECT row FROM distribution_left_out WHERE ${leftOutOf(block)}`;
  return sql`
    DELETE FROM distribution_given WHERE ${givenOf(block)} AND row IN (${rows}) AND ${writing(block)}`;
}

/** Counts the block, which is done, and ends the distribution behind the last one. */
function end(ctx: Context, block: Block, now: number): Query[] {
  const { id, to } = block;
  return [
    sql`
      INSERT INTO distribution_count (distribution, outcome, ended)
      SELECT ${id}, outcome, n FROM (
        SELECT outcome, count(*) AS n FROM distribution_left_out WHERE ${leftOutOf(block)} GROUP BY outcome
        UNION ALL SELECT 'ISSUED', count(*) FROM distribution_given WHERE ${givenOf(block)})
      WHERE n > 0 AND ${writing(block)}
      ON CONFLICT DO UPDATE SET ended = ended + excluded.ended`,
    sql`
      UPDATE distribution_block SET state = 'DONE', cells = NULL
      WHERE distribution = ${id} AND to_row = ${to} AND state = 'WRITING'`,
    sql`UPDATE distribution SET updated_at = ${now} WHERE id = ${id} AND changes() = 1`,
    ...complete(ctx, id, now),
  ];
}

/** Ends a distribution of which nothing is left to do, and leaves the message that tells those who got one. */
export function complete(ctx: Context, id: number, now: number): Query[] {
  const isOpen = sql`EXISTS (SELECT 1 FROM distribution_block INDEXED BY distribution_block_open
    WHERE distribution = ${id} AND state <> 'DONE')`;
  const where = sql`id = ${id} AND state = 'RUNNING' AND NOT ${isOpen}`;
  return [
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "COMPLETED" }),
    sql`
      UPDATE distribution SET state = 'COMPLETED', completed_at = ${now}, updated_at = ${now}
      WHERE ${where}`,
    distributionEnded(distributionCompleted, id, now),
    enqueue(
      ctx,
      [distributionNotice.of({ distribution: id })],
      sql`changes() = 1 AND EXISTS (SELECT 1 FROM distribution WHERE id = ${id} AND notice IS NOT NULL)`,
    ),
  ];
}
