import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { unitsLeft, whatIsShort } from "../../coupon/issue/issue-rules.ts";
import { findTemplate } from "../../coupon/template/template.ts";
import { couponSkipReason, type DecisionFacts, type SkipReason, skipReasons } from "../ledger/decision.ts";
import type { CouponOffer } from "./coupon-offer.ts";

/** What a launch would do about coupons, were it now. */
export interface CouponSimulation {
  readonly template: number;
  /** Members who may have one: they would be given it, or could claim it if they are reached. */
  readonly members: number;
  /** Coupons that they would have, or could at most: stock and budget allow no more. */
  readonly coupons: number;
  /** What the template could still give; null = unlimited. */
  readonly left: number | null;
  /** What these coupons can cost at most, in minor units of `currency`; null where only carts bound it. */
  readonly cost: number | null;
  readonly currency: string;
  /** Why the others would have none. */
  readonly skipped: readonly { readonly reason: string; readonly n: number }[];
}

/** Counts who of those whom `where` selects would be given a coupon, or could claim one. */
export async function simulateCoupons(
  ctx: Context,
  { offer, facts, where }: { offer: CouponOffer; facts: DecisionFacts; where: SQL },
): Promise<CouponSimulation> {
  const now = ctx.clock();
  const [counts, room, template] = await Promise.all([
    ctx.db.first<Counts>(sql`
      SELECT count(*) AS MATCHED, ${sql.join(counters, sql`, `)}
      FROM (SELECT ${couponSkipReason(offer, facts, now)} AS decision FROM member m WHERE ${where} LIMIT -1)`),
    ctx.db.first<{ left: number; short: SkipReason }>(sql`
      SELECT ${unitsLeft(offer.template)} AS left, ${whatIsShort(offer.template)} AS short`),
    findTemplate(ctx, offer.template),
  ]);
  if (!counts || !room || !template) throw new Error(`coupon template ${offer.template} cannot be counted`);
  const skipped = asked.flatMap((reason) => (counts[reason] ? [{ reason, n: counts[reason] }] : []));
  const members = counts.MATCHED - skipped.reduce((sum, { n }) => sum + n, 0);
  const coupons = Math.min(members, room.left);
  const isBounded = template.stock !== null || (template.budget !== null && template.maxDiscount !== 0);
  return {
    template: offer.template,
    members,
    coupons,
    left: isBounded ? room.left : null,
    cost: template.maxDiscount === null ? null : template.maxDiscount * coupons,
    currency: template.currency,
    skipped: [...skipped, ...(members > coupons ? [{ reason: room.short, n: members - coupons }] : [])],
  };
}

const asked = Object.keys(skipReasons) as SkipReason[];
const counters = asked.map((reason) => sql.raw(`count(*) FILTER (WHERE decision = '${reason}') AS ${reason}`));
type Counts = Readonly<Record<SkipReason | "MATCHED", number>>;
