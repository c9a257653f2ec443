import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { gateState, pendingFor, reconcileGate, settle } from "./gate.ts";
import { forgetSoldOut } from "./sold-out.ts";

/** A claim that is pending for longer than this has been decided, or never will be, ms. */
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
  /** Claims that the reaper settled, and those whose units it gave back. */
  readonly settled: number;
  readonly released: number;
}

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
 * Makes every loaded gate true again: claims left pending by a crash are looked up and settled or released, then what
 * remains is set to what the database says. A late insert after a release only lets one too many through, whom the
 * database refuses.
 */
export async function reconcileGates(ctx: Context): Promise<Reconciled[]> {
  const open = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE stock IS NOT NULL AND recurrence IS NULL AND issue_mode = 'SELF_CLAIM' AND state IN ('ACTIVE', 'SOLD_OUT')
      AND (closes_at IS NULL OR closes_at > ${ctx.clock() - 3_600_000})`);
  const done: Reconciled[] = [];
  for (const { id } of open) {
    const one = await reconcileTemplate(ctx, id);
    if (one) done.push(one);
  }
  return done;
}

/** The same for one template; undefined when its gate is not loaded or Redis is away. */
export async function reconcileTemplate(ctx: Context, template: number): Promise<Reconciled | undefined> {
  const before = await gateState(ctx.redis, template).catch(() => undefined);
  if (!before) return undefined;
  const { settled, released } = await reap(ctx, template);
  const remaining = await remainingOf(ctx, template);
  if (remaining === undefined) return undefined;
  const had = await reconcileGate(ctx.redis, template, remaining);
  forgetSoldOut(ctx, template);
  // Units of claims under way are neither in the gate nor in the table.
  const drift = typeof had === "number" ? had + before.pending - settled - released - remaining : undefined;
  return { template, remaining, drift, settled, released };
}

/** Looks up the claims that have been pending for too long: their coupon exists, or their unit goes back. */
async function reap(ctx: Context, template: number): Promise<{ settled: number; released: number }> {
  const tokens = await pendingFor(ctx.redis, template, { forMs: decidedWithinMs, now: ctx.clock() });
  if (tokens.length === 0) return { settled: 0, released: 0 };
  const found = await ctx.db.all<{ token: string }>(sql`
    SELECT token FROM coupon WHERE token IN (SELECT value FROM json_each(${JSON.stringify(tokens)}))`);
  const issued = found.map(({ token }) => token);
  const known = new Set(issued);
  const refused = tokens.filter((token) => !known.has(token));
  await settle(ctx.redis, template, { issued, refused });
  return { settled: issued.length, released: refused.length };
}

/**
 * Units that the database has left; undefined for a template without stock, one that nobody claims, which needs no
 * gate, or none.
 */
async function remainingOf(ctx: Context, template: number): Promise<number | undefined> {
  const row = await ctx.db.first<{ remaining: number }>(sql`
    SELECT CASE WHEN state IN ('ACTIVE', 'SOLD_OUT') THEN stock - issued ELSE 0 END AS remaining
    FROM coupon_template WHERE id = ${template} AND stock IS NOT NULL AND issue_mode = 'SELF_CLAIM'`);
  return row?.remaining;
}
