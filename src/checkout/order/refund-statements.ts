import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { giveBackStatements, idsGivenBack, takeFromRevenue } from "../../coupon/use/give-back.ts";
import type { Query } from "../../db/statement.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { orderRefunded, ordersTold } from "../events.ts";
import { takeStatements } from "../reward/earn.ts";
import type { RewardPolicy, StillEarned } from "../reward/reckon.ts";
import { spentLess } from "../spend/spend.ts";
import type { CouponOrder } from "./order.ts";
import type { RefundPolicy } from "./refund-rows.ts";

/** A refund as it was decided. */
interface Decided {
  readonly name: string;
  readonly policy: RefundPolicy;
  readonly rewards: RewardPolicy;
  /** What the order earns after it. */
  readonly earned: readonly StillEarned[];
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
 * The statements of a refund: its row, the sums, what takes rewards and gives coupons back, and the order; those of the
 * coupons stand last before it, for whoever is told their results. All of them hold as long as the order is as it was
 * read; it changes last: run again, nothing happens twice.
 */
export function refundStatements(ctx: Context, order: CouponOrder, refund: Decided): Query[] {
  const { id, orderId, member, revision: seen } = order;
  const { name, policy, rewards, asked, amount, isWhole, validDays } = refund;
  const { coupons, currency } = order.quote;
  const now = ctx.clock();
  const asRead = sql`id = ${id} AND revision = ${seen} AND state IN ('REDEEMED', 'COMPLETED')`;
  const holds = sql`EXISTS (SELECT 1 FROM coupon_order WHERE ${asRead})`;
  const back = refund.givesBack ? { orderId, coupons, validDays, holds, now } : undefined;
  const deed = `refunded ${amount} minor units of ${currency}${isWhole ? ", all that was left" : ""}: ${policy}`;
  return [
    ...auditOperator(ctx, subjectOf("order", id), deed, holds),
    sql`
      INSERT INTO coupon_order_refund
        (coupon_order, name, policy, rewards, whole, asked, amount, lines, given_back, at)
      SELECT ${id}, ${name}, ${policy}, ${rewards}, ${Number(isWhole)}, ${asked}, ${amount},
        ${JSON.stringify(refund.lines)}, ${back ? idsGivenBack(back) : "[]"}, ${now} WHERE ${holds}`,
    toldRefund(order, refund, now),
    ...spentLess(ctx, { member, currency, amount }, holds),
    ...(rewards === "TAKE_BACK" ? takeStatements(ctx, id, refund.earned, holds) : []),
    ...takeFromRevenue(coupons, amount, holds),
    ...(back ? giveBackStatements(ctx, back) : []),
    sql`
      UPDATE coupon_order SET refunded = refunded + ${amount}, revision = ${ctx.id()}
        ${isWhole ? sql`, state = 'REFUNDED', ended_at = ${now}` : sql``}
      WHERE ${asRead}`,
  ];
}

function toldRefund({ id, revision, quote }: CouponOrder, { name, amount, isWhole }: Decided, now: number): Query {
  const whole = sql.raw(isWhole ? "json('true')" : "json('false')");
  return ordersTold(
    orderRefunded,
    sql`'pay', ${quote.pay}, 'refundId', ${name}, 'amount', ${amount}, 'refunded', o.refunded + ${amount},
      'whole', ${whole}`,
    sql`(SELECT * FROM coupon_order WHERE id = ${id} AND revision = ${revision}
      AND state IN ('REDEEMED', 'COMPLETED')) o`,
    now,
  );
}
