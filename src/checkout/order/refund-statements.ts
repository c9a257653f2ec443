import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { moveTemplates, nothingLeft } from "../../coupon/template/state.ts";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import type { CouponOrder } from "./order.ts";
import type { RefundPolicy } from "./refund-rows.ts";
import { isTakenBack } from "./unlock.ts";

const dayMs = 86_400_000;

/** A refund as it was decided. */
interface Decided {
  readonly name: string;
  readonly policy: RefundPolicy;
  readonly asked: string;
  readonly amount: number;
  readonly lines: readonly { readonly line: string; readonly amount: number }[];
  /** Whether nothing of the payment is left after it. */
  readonly isWhole: boolean;
  readonly givesBack: boolean;
  /** For how long what is given back is valid at least; 0 = not longer than before. */
  readonly validDays: number;
}

/**
 * The statements of a refund; the last but one moves coupons, if there are any to move. All of them hold as long as the order is as it was
 * read; it changes last: run again, nothing happens twice.
 */
export function refundStatements(ctx: Context, order: CouponOrder, refund: Decided): Query[] {
  const { id, orderId, revision: seen } = order;
  const [now, { name, policy, asked, amount, isWhole }] = [ctx.clock(), refund];
  const turn = sql`EXISTS (SELECT 1 FROM settlement WHERE id = ${id} AND revision = ${seen} AND state = 'REDEEMED')`;
  const valid = refund.validDays > 0 ? sql`1` : sql`(c.valid_to IS NULL OR c.valid_to > ${now})`;
  const back = sql`c.order_id = ${orderId} AND c.state = 'USED' AND ${valid} AND NOT ${isTakenBack} AND ${turn} AND ${refund.givesBack ? 1 : 0}`;
  return [
    sql`
      INSERT INTO settlement_refund (settlement, name, policy, asked, amount, lines, given_back, at)
      SELECT ${id}, ${name}, ${policy}, ${asked}, ${amount}, ${JSON.stringify(refund.lines)},
        (SELECT json_group_array(c.id) FROM coupon c WHERE ${back}), ${now} WHERE ${turn}`,
    sql`
      UPDATE coupon_tally SET revenue = revenue - ${amount} WHERE state = 'USED' AND ${turn}
        AND template IN (SELECT value FROM ${rows(order.quote.coupons.map(({ template }) => template))})`,
    ...giveBack(ctx, order, back),
    sql`
      UPDATE coupon AS c SET state = 'AVAILABLE', order_id = NULL, used_at = NULL, discount = NULL,
        valid_to = ${refund.validDays > 0 ? sql`max(valid_to, ${now + refund.validDays * dayMs})` : sql`valid_to`}
      WHERE ${back} RETURNING id AS coupon, member`,
    sql`
      UPDATE settlement SET refunded = refunded + ${amount}, revision = ${Bun.randomUUIDv7()}
        ${isWhole ? sql`, state = 'REFUNDED', ended_at = ${now}` : sql``}
      WHERE id = ${id} AND revision = ${seen} AND state = 'REDEEMED'`,
  ];
}

/**
 * What was spent on coupons that go back is free again, and reserved for them anew: as much as one may cost, or what the budget has left if
 * that is less – never less than what they had taken off, which has just become free.
 */
function giveBack(ctx: Context, { quote }: CouponOrder, back: SQL): Query[] {
  const moving = sql`coupon c CROSS JOIN coupon_template t ON t.id = c.template WHERE ${back}`;
  const theirs = sql`coupon_template.id IN (SELECT value FROM ${rows(quote.coupons.map(({ template }) => template))})`;
  return [
    sql`
      UPDATE coupon_tally SET n = coupon_tally.n - g.n, discount = coupon_tally.discount - g.discount
      FROM (SELECT c.template, count(*) AS n, sum(c.discount) AS discount FROM ${moving} GROUP BY c.template) g
      WHERE coupon_tally.template = g.template AND coupon_tally.state = 'USED'`,
    sql`
      UPDATE coupon SET reserve = g.reserve FROM (
        SELECT c.id, CASE WHEN t.budget IS NULL THEN 0 ELSE min(t.most, t.budget - t.reserved - t.spent + c.discount) END AS reserve
        FROM ${moving}) g WHERE coupon.id = g.id`,
    sql`
      UPDATE coupon_template SET reserved = reserved + g.reserve, spent = spent - g.discount
      FROM (SELECT c.template, c.reserve, c.discount FROM ${moving}) g WHERE coupon_template.id = g.template AND ${theirs}`,
    ...moveTemplates(ctx, "sellOut", sql`${theirs} AND ${nothingLeft}`),
  ];
}
