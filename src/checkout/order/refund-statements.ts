import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { giveBackStatements, idsGivenBack, takeFromRevenue } from "../../coupon/use/give-back.ts";
import type { Query } from "../../db/statement.ts";
import type { CouponOrder } from "./order.ts";
import type { RefundPolicy } from "./refund-rows.ts";

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
 * The statements of a refund: its row, the sums, what gives coupons back, and the order. All of them hold as long as
 * the order is as it was read; it changes last: run again, nothing happens twice.
 */
export function refundStatements(ctx: Context, order: CouponOrder, refund: Decided): Query[] {
  const { id, orderId, revision: seen } = order;
  const { name, policy, asked, amount, isWhole, validDays } = refund;
  const { coupons } = order.quote;
  const now = ctx.clock();
  const holds = sql`EXISTS (
    SELECT 1 FROM coupon_order WHERE id = ${id} AND revision = ${seen} AND state = 'REDEEMED')`;
  const back = refund.givesBack ? { orderId, coupons, validDays, holds, now } : undefined;
  return [
    sql`
      INSERT INTO coupon_order_refund (coupon_order, name, policy, asked, amount, lines, given_back, at)
      SELECT ${id}, ${name}, ${policy}, ${asked}, ${amount}, ${JSON.stringify(refund.lines)},
        ${back ? idsGivenBack(back) : "[]"}, ${now} WHERE ${holds}`,
    takeFromRevenue(coupons, amount, holds),
    ...(back ? giveBackStatements(ctx, back) : []),
    sql`
      UPDATE coupon_order SET refunded = refunded + ${amount}, revision = ${ctx.id()}
        ${isWhole ? sql`, state = 'REFUNDED', ended_at = ${now}` : sql``}
      WHERE id = ${id} AND revision = ${seen} AND state = 'REDEEMED'`,
  ];
}
