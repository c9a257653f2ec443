import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { recordEach } from "../../queue/event/event.ts";
import { inReach } from "../../shop.ts";
import { couponDrift } from "../events.ts";
import { gateState } from "./gate.ts";
import { type Reconciled, reconcileGates } from "./reconcile.ts";

/**
 * A gate that is off by more than so many units, so many times in a row, is told of once: what is under way is off by
 * some for a moment.
 */
export const alarm = { above: 100, inARow: 3 } as const;

/**
 * A turn is taken again after this, ms: a little less than the pause between turns, so that no process waits for two.
 */
const turnMs = 25_000;

/**
 * Reconciles every gate, if no other process has just done so, and notes how far they were off. A gate that stays off
 * by much is an event (`coupon.drift`). Answers what was found, or undefined when it was another's turn.
 */
export async function keepGates(ctx: Context): Promise<readonly Reconciled[] | undefined> {
  // Where Redis is away, every gate would be waited for in vain.
  if (!(await ctx.redis?.ping().catch(() => undefined))) return undefined;
  const now = ctx.clock();
  const [turn] = await ctx.db.write([
    sql`UPDATE coupon_gate_turn SET at = ${now} WHERE id = 1 AND (at <= ${now - turnMs} OR at > ${now})`,
  ]);
  if (turn?.rowsAffected !== 1) return undefined;
  const found = await reconcileGates(ctx);
  await ctx.db.write(noteDrift(found, now));
  for (const { template, drift } of found) {
    if (drift !== undefined && Math.abs(drift) > alarm.above) ctx.log("warn", "coupon.drift", { template, drift });
  }
  return found;
}

/** Only gates that are off now, or were the last time, are written down: a shop in which all is well writes nothing. */
function noteDrift(found: readonly Reconciled[], now: number): Query[] {
  const list = found
    .filter(({ drift }) => drift !== undefined)
    .map(({ template, drift, remaining }) => ({ template, drift, remaining }));
  if (list.length === 0) return [];
  const isFar = sql`CASE WHEN abs(${field("drift")}) > ${alarm.above} THEN 1 ELSE 0 END`;
  return [
    sql`
      INSERT INTO coupon_gate (template, drift, drifting, mended_at, mended)
      SELECT ${field("template")}, ${field("drift")}, ${isFar}, ${now}, ${field("drift")} FROM ${rows(list)}
      WHERE ${field("drift")} <> 0
        OR EXISTS (SELECT 1 FROM coupon_gate g WHERE g.template = ${field("template")} AND g.drift <> 0)
      ON CONFLICT (template) DO UPDATE SET drift = excluded.drift,
        drifting = CASE WHEN excluded.drifting = 1 THEN coupon_gate.drifting + 1 ELSE 0 END,
        mended_at = CASE WHEN excluded.drift = 0 THEN coupon_gate.mended_at ELSE excluded.mended_at END,
        mended = CASE WHEN excluded.drift = 0 THEN coupon_gate.mended ELSE excluded.mended END`,
    recordEach(
      couponDrift,
      {
        subject: sql`'coupon-template/' || g.template`,
        data: sql`json_object('template', g.template, 'drift', g.drift, 'remaining', ${field("remaining")})`,
      },
      sql`${rows(list)} CROSS JOIN coupon_gate g ON g.template = ${field("template")}
        WHERE g.drifting = ${alarm.inARow} AND g.drift <> 0`,
      now,
    ),
  ];
}

/** What the database, the gate and the last reconciliation say of one template. Units; times are ms. */
export interface Conservation {
  /** All there are; null = unlimited, and then there is no gate. */
  readonly stock: number | null;
  readonly issued: number;
  /** Units left by the database: stock − issued. */
  readonly remaining: number | null;
  /** What the gate holds; null when it is not loaded, or Redis is away. */
  readonly gate: { readonly remaining: number; readonly pending: number } | null;
  /**
   * How far the gate is off now: its units and those pending, less what remains. Claims and issues under way show for a
   * moment.
   */
  readonly drift: number | null;
  /** When it was last off when it was reconciled, and by how much; null when it never was. */
  readonly lastMended: { readonly at: number; readonly drift: number } | null;
  /** When gates were last reconciled; null before the first time. */
  readonly reconciledAt: number | null;
}

/**
 * Whether a template's stock is where it should be: stock = issued + remaining, and the gate agrees. Undefined without
 * such a template.
 */
export async function couponConservation(ctx: Context, id: number): Promise<Conservation | undefined> {
  const gate = (await gateState(ctx.redis, id).catch(() => undefined)) ?? null;
  const template = await ctx.db.first<{ stock: number | null; issued: number }>(sql`
    SELECT stock, issued FROM coupon_template WHERE id = ${id} AND ${inReach(ctx, sql`coupon_template.shop`)}`);
  if (!template) return undefined;
  const { stock, issued } = template;
  const remaining = stock === null ? null : stock - issued;
  const kept = await ctx.db.first<{ at: number; mendedAt: number | null; mended: number | null }>(sql`
    SELECT t.at, g.mended_at AS mendedAt, g.mended
    FROM coupon_gate_turn t LEFT JOIN coupon_gate g ON g.template = ${id}`);
  return {
    stock,
    issued,
    remaining,
    gate,
    drift: gate === null || remaining === null ? null : gate.remaining + gate.pending - remaining,
    lastMended: lastMended(kept?.mendedAt, kept?.mended),
    reconciledAt: kept?.at || null,
  };
}

function lastMended(at: number | null = null, drift: number | null = null): Conservation["lastMended"] {
  return at === null || drift === null ? null : { at, drift };
}

/** Of all gates: those that were off at the last reconciliation, at most 100, and when that was (ms; 0 = never). */
export async function gateDrift(ctx: Context) {
  const [turn, drifts] = await Promise.all([
    ctx.db.first<{ at: number }>(sql`SELECT at FROM coupon_gate_turn`),
    ctx.db.all<{ template: number; drift: number }>(
      // Not those of templates that are over, or whose gate is gone: nobody reconciles them any more.
      sql`
        SELECT template, drift FROM coupon_gate WHERE drift <> 0 AND mended_at >= (SELECT at FROM coupon_gate_turn)
        ORDER BY abs(drift) DESC LIMIT 100`,
    ),
  ]);
  return { reconciledAt: turn?.at ?? 0, drifts };
}
