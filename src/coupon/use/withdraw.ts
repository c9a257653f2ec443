import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { shopOf } from "../../shop.ts";
import { auditTransition } from "../../transition/audit.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { addToCounts } from "../counts.ts";
import { couponsById } from "../coupon.ts";
import { couponsWithdrawn } from "../coupon-events.ts";
import { stateNow } from "../state-now.ts";
import type { Coupon } from "../table.ts";
import { nothingLeft, transitionTemplates } from "../template/state.ts";
import { isReachable } from "../template/template.ts";
import { templateChanged } from "../template/template-changed.ts";

const WithdrawInput = z.object({ coupon: z.int(), reason: z.string().trim().min(1).max(500) });

/**
 * Takes one unused coupon back from its holder: it becomes WITHDRAWN, what was reserved for it is free again, and its
 * history says who did so and why (`reason`, 1–500 characters). The stock does not grow. Safe to send again: a coupon
 * that is WITHDRAWN is answered as it stands. Refusals: INVALID_INPUT, NOT_FOUND, WRONG_STATE (LOCKED, USED, EXPIRED).
 */
export async function withdrawUnused(ctx: Context, input: z.input<typeof WithdrawInput>) {
  const parsed = parseInput(WithdrawInput, input);
  if (isRefusal(parsed)) return parsed;
  const { coupon: id, reason } = parsed;
  const now = ctx.clock();
  const results = await ctx.db.write(withdrawStatements(ctx, reachable(ctx, id), reason));
  await couponsChanged(ctx, changedCoupons(results.at(-1), "AVAILABLE", "WITHDRAWN"));
  const [coupon] = await couponsById(ctx, [id]);
  if (!coupon) return refuse.notFound("coupon", id);
  if (results.at(-1)?.rowsAffected) await templateChanged(ctx, coupon.template);
  return coupon.state === "WITHDRAWN" ? coupon : whyNot(ctx, coupon, now);
}

/** The coupon's number, where it is in the reach of the actor. */
function reachable(ctx: Context, id: number): SQL {
  return sql`(SELECT r.id FROM coupon r WHERE r.id = ${id} AND ${isReachable(ctx, sql`r.template`)})`;
}

/**
 * The statements that take one coupon back, where it is unused and its time is not over; `id` is an SQL expression. The
 * last one answers whose coupon it was.
 */
export function withdrawStatements(ctx: Context, id: SQL, reason: string): Query[] {
  const where = sql`coupon.id = ${id} AND ${isFree(sql`coupon`, ctx.clock())}`;
  return [
    auditTransition(ctx, { noun: "coupon", table: sql`coupon`, where, to: "WITHDRAWN", reason }),
    ...withdrawEach(ctx, sql`SELECT ${id}`),
  ];
}

/** The same of many, whose ids are a query: what is said of them is said by whoever asks for it. */
export function withdrawEach(ctx: Context, ids: SQL): Query[] {
  const now = ctx.clock();
  const where = sql`c.id IN (${ids}) AND ${isFree(sql`c`, now)}`;
  const each = sql`
    SELECT c.template, count(*) AS n, sum(c.held_budget) AS held_budget FROM coupon c
    WHERE ${where} GROUP BY c.template`;
  return [
    couponsWithdrawn({ from: sql`coupon c`, where }, now),
    sql`
      UPDATE coupon_template SET reserved = reserved - g.held_budget FROM (${each}) g
      WHERE coupon_template.id = g.template AND g.held_budget > 0`,
    ...transitionTemplates(
      ctx,
      "revive",
      sql`id IN (SELECT template FROM (${each}) WHERE held_budget > 0) AND NOT ${nothingLeft}`,
    ),
    addToCounts("WITHDRAWN", each),
    sql`UPDATE coupon AS c SET state = 'WITHDRAWN', held_budget = 0 WHERE ${where} RETURNING id AS coupon, member`,
  ];
}

function isFree(coupon: SQL, now: number): SQL {
  return sql`${coupon}.state = 'AVAILABLE' AND (${coupon}.valid_to IS NULL OR ${coupon}.valid_to > ${now})`;
}

/** An order may be another shop's, or of several: whoever works for one is not told its name here. */
function whyNot(ctx: Context, coupon: Coupon, now: number) {
  const { lockedUntil } = coupon;
  const order = shopOf(ctx) === "" ? `order ${coupon.orderId}` : "an order";
  switch (stateNow(coupon, now)) {
    case "USED":
      return refuse.wrongState(`It was used on ${order}; refund that order instead.`, "USED");
    case "EXPIRED":
      return refuse.wrongState("It has expired already: nobody can use it.", "EXPIRED");
    case "LOCKED": {
      const until = lockedUntil === null ? "it is paid" : new Date(lockedUntil).toISOString();
      return refuse.wrongState(
        `It is held for ${order} until ${until}. Release that order first, or come back then.`,
        "LOCKED",
      );
    }
    default:
      return refuse.wrongState("Others change it at the same time; try again.", coupon.state);
  }
}
