import { type SQL, sql } from "drizzle-orm";

/** Why a template's coupon is not given to a member, or the member is not invited to claim it. */
export type CouponSkipReason =
  | "ENDED"
  | "NOT_ELIGIBLE"
  | "LIMIT_REACHED"
  | "ALREADY_HOLDS"
  | "SOLD_OUT"
  | "BUDGET_SPENT";

/** Conditions over member `m` in the order in which they are asked, each with its reason. */
export type CouponSkipRules = readonly (readonly [CouponSkipReason, SQL])[];

/** What is asked of a template for many members at once. */
export interface CouponSkipFacts {
  readonly template: number;
  /** Whom it is for, as a predicate over member `m`; null = everyone. */
  readonly eligibility: SQL | null;
  readonly perMember: number;
}

/** Who is given no coupon, whatever the stock: that is asked of all of them together, by {@link unitsLeft}. */
export function issueRules({ template, eligibility, perMember }: CouponSkipFacts, now: number): CouponSkipRules {
  // Coupons of a member and template are numbered without a gap, and none is ever deleted.
  const last = sql`EXISTS (
    SELECT 1 FROM coupon h WHERE h.member = m.seq AND h.template = ${template} AND h.number >= ${perMember})`;
  return [...commonRules(template, eligibility, now), ["LIMIT_REACHED", last]];
}

/** Who is not invited to claim one. */
export function inviteRules({ template, eligibility }: CouponSkipFacts, now: number): CouponSkipRules {
  return [
    ...commonRules(template, eligibility, now),
    [
      "ALREADY_HOLDS",
      sql`EXISTS (SELECT 1 FROM coupon h WHERE h.member = m.seq AND h.template = ${template} AND h.number = 1)`,
    ],
    ["SOLD_OUT", sql`${unitsLeft(template)} <= 0`],
  ];
}

function commonRules(template: number, eligibility: SQL | null, now: number): CouponSkipRules {
  const open = sql`EXISTS (
    SELECT 1 FROM coupon_template
    WHERE id = ${template} AND state IN ('ACTIVE', 'SOLD_OUT') AND (closes_at IS NULL OR ${now} < closes_at)
      AND (valid_to IS NULL OR ${now} < valid_to))`;
  return [["ENDED", sql`NOT ${open}`], ...(eligibility ? [["NOT_ELIGIBLE", sql`NOT ${eligibility}`] as const] : [])];
}

/** More than anyone could give. */
const unlimited = sql.raw("9000000000000000");
const inStock = sql`coalesce(stock - issued, ${unlimited})`;
/** A coupon that costs nothing divides by zero, which is null. */
const inBudget = sql`coalesce((budget - reserved - spent) / max_discount, ${unlimited})`;

/** How many more a template may give, by its stock and its budget. */
export function unitsLeft(template: number): SQL {
  return sql`(
    SELECT CASE WHEN state = 'ACTIVE' THEN min(${inStock}, ${inBudget}) ELSE 0 END
    FROM coupon_template WHERE id = ${template})`;
}

/** Which of the two runs out first. */
export function whatIsShort(template: number): SQL {
  const [stock, budget] = [
    sql.raw(`'${"SOLD_OUT" satisfies CouponSkipReason}'`),
    sql.raw(`'${"BUDGET_SPENT" satisfies CouponSkipReason}'`),
  ];
  return sql`(
    SELECT CASE WHEN ${inStock} <= ${inBudget} THEN ${stock} ELSE ${budget} END
    FROM coupon_template WHERE id = ${template})`;
}
