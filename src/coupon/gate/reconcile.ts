import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { perApp } from "../../memory.ts";
import { gateState, pendingFor, reconcileGate, settle } from "./gate.ts";
import { forgetSoldOut } from "./sold-out.ts";
import { type IssueRange, type PendingIssue, pendingIssues, settleUnits } from "./units.ts";

/** A claim or an issue that is pending for longer than this has been decided, or never will be, ms. */
const decidedWithinMs = 10_000;

/** What the gate and the database say of one template. */
export interface Reconciled {
  readonly template: number;
  /** Units that the database has left. */
  readonly remaining: number;
  /**
   * How far the gate was off before it was mended: more (positive) or fewer units than there are; undefined when it was
   * not loaded.
   */
  readonly drift: number | undefined;
  /** Units that the reaper found to be issued, and those that it gave back. */
  readonly settled: number;
  readonly released: number;
}

type Reaped = Pick<Reconciled, "settled" | "released">;

const nothing: Reaped = { settled: 0, released: 0 };

/** Loads a gate that Redis has lost or never had; one at a time for each template. */
export function loadGate(ctx: Context, template: number): Promise<unknown> {
  const loading = underWay(ctx);
  const running = loading.get(template);
  if (running) return running;
  const loaded = remainingOf(ctx, template)
    .then((remaining) => (remaining === undefined ? undefined : reconcileGate(ctx.redis, template, remaining)))
    .catch((error) => ctx.log("warn", "coupon.gate_unloaded", { template, error }))
    .finally(() => loading.delete(template));
  loading.set(template, loaded);
  return loaded;
}

const underWay = (ctx: Context) => perApp(ctx, "coupon.gateLoads", () => new Map<number, Promise<unknown>>());

/**
 * Makes every loaded gate true again: claims and issues left pending by a crash are looked up and settled or released,
 * then what remains is set to what the database says. A late insert after a release only lets one too many through,
 * whom the database refuses.
 */
export async function reconcileGates(ctx: Context): Promise<Reconciled[]> {
  const open = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE ${isGated} AND state IN ('ACTIVE', 'SOLD_OUT')
      AND (closes_at IS NULL OR closes_at > ${ctx.clock() - 3_600_000})`);
  const done: Reconciled[] = [];
  for (let n = 0; n < open.length; n += atOnce) {
    const some = await Promise.allSettled(open.slice(n, n + atOnce).map(({ id }) => reconcileTemplate(ctx, id)));
    for (const one of some) {
      if (one.status === "rejected") throw one.reason;
      if (one.value) done.push(one.value);
    }
  }
  return done;
}

/** So many gates at a time: what is asked of them travels together, and a shop of a thousand ends within its turn. */
const atOnce = 20;

/** The same for one template; undefined when its gate is not loaded or Redis is away. */
export async function reconcileTemplate(ctx: Context, template: number): Promise<Reconciled | undefined> {
  const before = await gateState(ctx.redis, template).catch(() => undefined);
  if (!before) return undefined;
  // Nothing pending is the rule, and then there is nothing to look up.
  const reaped = before.pending > 0 ? added(await reap(ctx, template), await reapIssues(ctx, template)) : nothing;
  const { settled, released } = reaped;
  const remaining = await remainingOf(ctx, template);
  if (remaining === undefined) return undefined;
  const had = await reconcileGate(ctx.redis, template, remaining);
  forgetSoldOut(ctx, template);
  const pending = before.pending - settled - released;
  const drift = typeof had === "number" ? driftOf(had - remaining, pending) : undefined;
  return { template, remaining, drift, settled, released };
}

/**
 * How far a gate is off that has so many units `more` than the table has left. Units of claims and issues under way are
 * in neither, or in the table by now: they are no drift either way.
 */
function driftOf(more: number, pending: number): number {
  return more > 0 ? more : Math.min(0, more + pending);
}

/** Looks up the claims that have been pending for too long: their coupon exists, or their unit goes back. */
async function reap(ctx: Context, template: number): Promise<Reaped> {
  const tokens = await pendingFor(ctx.redis, template, { forMs: decidedWithinMs, now: ctx.clock() });
  if (tokens.length === 0) return nothing;
  const found = await ctx.db.all<{ token: string }>(sql`
    SELECT token FROM coupon WHERE token IN (SELECT value FROM json_each(${JSON.stringify(tokens)}))`);
  const issued = found.map(({ token }) => token);
  const known = new Set(issued);
  const refused = tokens.filter((token) => !known.has(token));
  await settle(ctx.redis, template, { issued, refused });
  return { settled: issued.length, released: refused.length };
}

/** The same of issues to many: as many of their units are kept as members of their range have a coupon of theirs. */
async function reapIssues(ctx: Context, template: number): Promise<Reaped> {
  const { redis } = ctx;
  if (!redis) return { settled: 0, released: 0 };
  const now = ctx.clock();
  const isOld = ({ at }: PendingIssue) => Math.abs(now - at) >= decidedWithinMs;
  let reaped = nothing;
  for (const { token, units, ...range } of (await pendingIssues(redis, template)).filter(isOld)) {
    const issued = await issuedTo(ctx, template, range);
    if (issued === undefined) continue; // the next turn asks again
    await settleUnits(redis, template, { token, issued });
    const settled = Math.min(units, issued);
    reaped = added(reaped, { settled, released: units - settled });
  }
  return reaped;
}

/**
 * Coupons that an issue gave: those of its source among its members, whose coupons lie together in the index
 * `coupon_number`. A range may be wide where few of it are meant. Undefined where there is no turn for it now.
 */
async function issuedTo(ctx: Context, template: number, { source, from, to }: IssueRange): Promise<number | undefined> {
  const row = await ctx.heavy.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM coupon
    WHERE member > ${from} AND member <= ${to} AND template = ${template} AND source = ${source}`);
  return isRefusal(row) ? undefined : row?.n;
}

function added(one: Reaped, other: Reaped): Reaped {
  return { settled: one.settled + other.settled, released: one.released + other.released };
}

/** Units that the database has left; undefined where there is no gate. */
async function remainingOf(ctx: Context, template: number): Promise<number | undefined> {
  const row = await ctx.db.first<{ remaining: number }>(sql`
    SELECT CASE WHEN state IN ('ACTIVE', 'SOLD_OUT') THEN stock - issued ELSE 0 END AS remaining
    FROM coupon_template WHERE id = ${template} AND ${isGated}`);
  return row?.remaining;
}

/**
 * Which templates have a gate: what has a stock that members claim, campaigns give, or both. Codes are each given once,
 * whoever comes, and of what recurs the occurrences have one.
 */
export const isGated = sql.raw("(stock IS NOT NULL AND recurrence IS NULL AND issue_mode <> 'CODE')");
