import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { TakenBack } from "../../giving.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { couponOfToken } from "../claim/coupon-by-token.ts";
import { issueToken } from "../claim/issue-token.ts";
import { templateChanged } from "../template/template-changed.ts";
import { voidToken } from "../void.ts";
import { withdrawStatements } from "./withdraw.ts";

/**
 * Takes back the coupon that an idempotency key of the acting caller gave: unused, it becomes WITHDRAWN; held for an
 * order, it does so when that order is given up; used, it stays so, and no refund brings it back. The key gives nothing
 * from then on, also where it has not given yet. Safe to repeat. The stock does not grow.
 */
export async function takeBackOfKey(ctx: Context, key: string): Promise<TakenBack> {
  const token = issueToken(ctx, key);
  const id = sql`(SELECT id FROM coupon WHERE token = ${token})`;
  const results = await ctx.db.write([
    voidToken(token, ctx.clock()),
    ...withdrawStatements(ctx, id, "what it was given for is no longer so"),
  ]);
  await couponsChanged(ctx, changedCoupons(results.at(-1), "AVAILABLE", "WITHDRAWN"));
  const coupon = await couponOfToken(ctx, token);
  if (!coupon) return { kind: "GONE" };
  if (results.at(-1)?.rowsAffected) await templateChanged(ctx, coupon.template);
  if (coupon.state === "LOCKED") return { kind: "HELD", until: coupon.lockedUntil ?? ctx.clock() };
  if (coupon.state === "WITHDRAWN") return { kind: "TAKEN_BACK" };
  return { kind: coupon.state === "USED" ? "USED" : "EXPIRED" };
}
