import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../db/statement.ts";
import type { CouponState } from "./table.ts";

/** States that are counted; how many are AVAILABLE follows from what was issued. */
type Counted = Exclude<CouponState, "AVAILABLE">;

/** Adds to how many coupons of a template are in a state: `each` is a query of the columns `template` and `n`. */
export function addToCounts(state: Counted, each: SQL): Query {
  return sql`
    INSERT INTO coupon_counts (template, state, n) SELECT template, ${state}, n FROM (${each}) WHERE true
    ON CONFLICT (template, state) DO UPDATE SET n = n + excluded.n`;
}

/** Takes from how many coupons of a template are in a state: `each` is a query of the columns `template` and `n`. */
export function takeFromCounts(state: Counted, each: SQL): Query {
  return sql`
    UPDATE coupon_counts SET n = coupon_counts.n - g.n FROM (${each}) g
    WHERE coupon_counts.template = g.template AND coupon_counts.state = ${state}`;
}

/**
 * Adds coupons that were used, what they took off and what was paid with them: `each` has `template`, `n`, `discount`,
 * `revenue`.
 */
export function addToUsed(each: SQL): Query {
  return sql`
    INSERT INTO coupon_counts (template, state, n, discount, revenue)
    SELECT template, 'USED', n, discount, revenue FROM (${each}) WHERE true
    ON CONFLICT (template, state) DO UPDATE SET n = n + excluded.n, discount = discount + excluded.discount,
      revenue = revenue + excluded.revenue`;
}

/**
 * Takes back coupons that were used and what they took off: `each` is a query of the columns `template`, `n` and
 * `discount`.
 */
export function takeFromUsed(each: SQL): Query {
  return sql`
    UPDATE coupon_counts SET n = coupon_counts.n - g.n, discount = coupon_counts.discount - g.discount FROM (${each}) g
    WHERE coupon_counts.template = g.template AND coupon_counts.state = 'USED'`;
}
