import { type SQL, sql } from "drizzle-orm";
import { field, rows } from "../../db/bulk.ts";

/** A coupon that is used on an order, and what it takes off, in minor units. */
export interface OrderCoupon {
  readonly coupon: number;
  readonly template: number;
  readonly discount: number;
}

/** The coupons as a table of the columns `coupon` and `discount`. */
export function asTable(coupons: readonly OrderCoupon[]): SQL {
  return sql`(SELECT ${field("coupon")} AS coupon, ${field("discount")} AS discount FROM ${rows(coupons)})`;
}

/** The row of `coupon_template` is of one of these coupons; without it SQLite walks all templates to find theirs. */
export function isTheirTemplate(coupons: readonly OrderCoupon[]): SQL {
  return sql`coupon_template.id IN (SELECT value FROM ${rows(coupons.map(({ template }) => template))})`;
}
