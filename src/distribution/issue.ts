import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { isGated } from "../coupon/gate/reconcile.ts";
import { couponsIssued, issueStatements, takeForIssue } from "../coupon/issue/issue.ts";
import type { Query } from "../db/statement.ts";
import { enqueue } from "../queue/outbox.ts";
import { type KeyKind, keyKinds } from "./columns.ts";
import { readDistributions } from "./distribution.ts";
import { type Giving, givingOf } from "./giving.ts";
import { distributionNotice } from "./messages.ts";
import { against, memberOf, type Stretch, saidCause, saidOutcome, stepRows, turnAway, within } from "./rows.ts";
import { rowsOf } from "./rows-of-member.ts";

interface BatchKey {
  readonly distribution: number;
  readonly batch: number;
}

/**
 * Gives the members of a batch's rows their coupons, a thousand rows at a time: each step decides anew what becomes of
 * its rows, gives the coupons and notes how far the batch has come, all or nothing, and nothing unless the distribution
 * is running. The step that ends the last batch ends the distribution.
 */
export async function issueBatch(ctx: Context, key: BatchKey): Promise<void> {
  const { distribution: id, batch } = key;
  const [distribution] = await readDistributions(ctx, sql`id = ${id} AND state = 'RUNNING'`);
  const open = await ctx.db.first<{ next: number; to: number }>(sql`
    SELECT next_row AS next, to_row AS "to" FROM distribution_batch
    WHERE distribution = ${id} AND number = ${batch} AND next_row < to_row`);
  if (!distribution || !open) return;
  for (let from = open.next; from < open.to; from += stepRows) {
    const giving = await givingOf(ctx, distribution, ctx.clock());
    const stretch = { id, from, to: Math.min(open.to, from + stepRows) };
    if (!(await issueOrHalve(ctx, { giving, key, stretch }))) return;
    await new Promise<void>(ctx.timers.soon);
  }
}

interface Step {
  readonly giving: Giving;
  readonly key: BatchKey;
  readonly stretch: Stretch;
}

/**
 * A step that the database refuses is taken in halves, down to the row that is to blame: it is told, and harms no
 * other.
 */
async function issueOrHalve(ctx: Context, step: Step): Promise<boolean> {
  const { from, to } = step.stretch;
  try {
    return await issueStep(ctx, step);
  } catch (error) {
    if (!isRefusedRow(error)) throw error;
    if (to - from === 1) return issueStep(ctx, step, error);
    const middle = Math.floor((from + to) / 2);
    const first = await issueOrHalve(ctx, { ...step, stretch: { ...step.stretch, to: middle } });
    return first && (await issueOrHalve(ctx, { ...step, stretch: { ...step.stretch, from: middle } }));
  }
}

/** The database said no to something that a row says, and would again. */
function isRefusedRow(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_CONSTRAINT");
}

/** The batch is being written: the guard of every statement of a step. */
const writing = ({ distribution, batch }: BatchKey, { to }: Stretch) => sql`EXISTS (
  SELECT 1 FROM distribution_batch WHERE distribution = ${distribution} AND number = ${batch} AND writing = ${to})`;

/** False where the step was not this one's to take: done, paused or cancelled meanwhile. */
async function issueStep(ctx: Context, { giving, key, stretch }: Step, refused?: Error): Promise<boolean> {
  const now = ctx.clock();
  if (refused)
    ctx.log("error", "distribution.row_refused", { distribution: stretch.id, row: stretch.to, error: refused });
  const source = `distribution/${stretch.id}/${stretch.to}`;
  const taken = await take(ctx, giving, stretch, source);
  const guard = writing(key, stretch);
  const members = sql`
    SELECT member FROM distribution_row WHERE ${within(stretch)} AND outcome = 'ISSUED' AND ${guard} ORDER BY member`;
  const before = [begin(key, stretch), ...decide(giving, stretch, guard, now, refused !== undefined)];
  const { template, perMember, terms } = giving;
  const { codeMode, codePrefix } = terms;
  const zone = ctx.settings.shopTimeZone;
  const issue = issueStatements({ template, source, perMember, codeMode, codePrefix, members, now, zone });
  const results = await ctx.db.write([...before, ...issue, ...end(ctx, key, stretch, now)]);
  // Nobody waits for it: what the gate does not hear now, the reaper tells it.
  const issued = results.slice(before.length, before.length + issue.length);
  void couponsIssued(ctx, { template, results: issued, taken });
  return results[0]?.rowsAffected === 1;
}

/** Takes what the step may need out of the template's gate, where it has one. */
async function take(ctx: Context, { template, terms }: Giving, stretch: Stretch, source: string) {
  if (!ctx.redis || terms.stock === null) return undefined;
  const range = await ctx.db.first<{ units: number; from: number | null; to: number | null }>(sql`
    SELECT count(*) AS units, min(member) - 1 AS "from", max(member) AS "to" FROM distribution_row
    WHERE ${within(stretch)} AND outcome = 'ISSUED'
      AND EXISTS (SELECT 1 FROM coupon_template WHERE id = ${template} AND ${isGated})`);
  if (!range?.units || range.from === null || range.to === null) return undefined;
  return takeForIssue(ctx, { template, source, units: range.units, from: range.from, to: range.to });
}

function begin({ distribution, batch }: BatchKey, { from, to }: Stretch): Query {
  return sql`
    UPDATE distribution_batch SET writing = ${to}
    WHERE distribution = ${distribution} AND number = ${batch} AND next_row = ${from}
      AND EXISTS (SELECT 1 FROM distribution WHERE id = ${distribution} AND state = 'RUNNING')`;
}

/** What becomes of the rows now: those who have come since they were looked for are found, and most stay as they are. */
function decide(giving: Giving, stretch: Stretch, guard: SQL, now: number, isRefused: boolean): Query[] {
  const { id } = giving;
  if (isRefused) {
    return [
      sql`UPDATE distribution_row SET outcome = 'INVALID', cause = 'NOT_WRITTEN' WHERE ${within(stretch)} AND ${guard}`,
    ];
  }
  const own = sql`
    SELECT r.row, r.outcome || '/' || coalesce(r.cause, '') AS was,
      coalesce(${against(giving, sql`r.member`, now)}, 'ISSUED/') AS said
    FROM distribution_row r
    WHERE ${within(stretch, "r.")} AND r.member IS NOT NULL AND r.other_row IS NULL
      AND r.cause IS NOT 'ISSUED_BEFORE' AND ${guard}`;
  return [
    ...keyKinds.map((kind) => findThoseWhoCame(kind, stretch, guard)),
    sql`
      UPDATE distribution_row SET outcome = ${saidOutcome}, cause = ${saidCause}
      FROM (${own}) j WHERE distribution = ${id} AND distribution_row.row = j.row AND j.said <> j.was`,
    turnAway(giving, stretch, sql`0`, guard),
  ];
}

/**
 * Members who were unknown when the file was read, and have been imported since: the first of their rows is theirs, and
 * the others are told so where they come.
 */
function findThoseWhoCame(kind: KeyKind, stretch: Stretch, guard: SQL): Query {
  const { id } = stretch;
  const prefix = `${kind}:`;
  const found = sql`
    SELECT row, ${memberOf(kind, sql`substr(named, ${prefix.length + 1})`)} AS member FROM distribution_row
    WHERE ${within(stretch)} AND outcome = 'UNKNOWN_MEMBER' AND named LIKE ${`${prefix}%`} AND ${guard}`;
  const first = sql`(SELECT min(e.row) FROM ${rowsOf(sql`f.member`, id)} e WHERE e.other_row IS NULL)`;
  return sql`
    UPDATE distribution_row SET member = g.member, other_row = g.other_row, named = NULL,
      outcome = iif(g.other_row IS NULL, 'ISSUED', 'DUPLICATE') FROM (
        SELECT f.row, f.member, coalesce(${first}, nullif(min(f.row) OVER (PARTITION BY f.member), f.row)) AS other_row
        FROM (${found}) f WHERE f.member > 0) g
    WHERE distribution = ${id} AND distribution_row.row = g.row`;
}

/** Counts the step, notes how far the batch has come, and ends the distribution behind the last one. */
function end(ctx: Context, { distribution: id, batch }: BatchKey, stretch: Stretch, now: number): Query[] {
  const guard = writing({ distribution: id, batch }, stretch);
  const isOver = sql`NOT EXISTS (SELECT 1 FROM distribution_batch INDEXED BY distribution_batch_open
    WHERE distribution = ${id} AND next_row < to_row)`;
  return [
    sql`
      INSERT INTO distribution_count (distribution, outcome, ended)
      SELECT ${id}, outcome, count(*) FROM distribution_row WHERE ${within(stretch)} AND ${guard} GROUP BY outcome
      ON CONFLICT DO UPDATE SET ended = ended + excluded.ended`,
    sql`
      UPDATE distribution_batch SET next_row = ${stretch.to}, writing = NULL
      WHERE distribution = ${id} AND number = ${batch} AND writing = ${stretch.to}`,
    sql`UPDATE distribution SET updated_at = ${now} WHERE id = ${id} AND changes() = 1`,
    ...complete(ctx, id, now, isOver),
  ];
}

/** Ends a distribution of which nothing is left to do, and leaves the message that tells those who got one. */
export function complete(ctx: Context, id: number, now: number, isOver: SQL): Query[] {
  return [
    sql`
      UPDATE distribution SET state = 'COMPLETED', completed_at = ${now}, updated_at = ${now}
      WHERE id = ${id} AND state = 'RUNNING' AND ${isOver}`,
    enqueue(
      ctx,
      [distributionNotice.of({ distribution: id })],
      sql`changes() = 1 AND EXISTS (SELECT 1 FROM distribution WHERE id = ${id} AND notice IS NOT NULL)`,
    ),
  ];
}
