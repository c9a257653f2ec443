import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { ordersKnown, priceOf, type ShopOrder } from "../actors/orders.ts";

interface Row {
  readonly orderId: string;
  readonly state: string;
  readonly pay: number;
  readonly refunded: number;
  readonly off: number;
  readonly refunds: string;
}

/** What the checkout was told of an order stays so, and its money adds up. */
export const orders: Checker = {
  name: "I3 I6 orders",
  async always(world) {
    if (!world.ctx) return [];
    const rows = await world.ctx.db.all<Row>(sql`
      SELECT order_id AS orderId, state, pay, refunded,
        (quote ->> '$.promotionDiscount') + (quote ->> '$.couponDiscount') AS off,
        (SELECT coalesce(json_group_object(r.name, r.amount), '{}') FROM coupon_order_refund r
          WHERE r.coupon_order = o.id) AS refunds
      FROM coupon_order o`);
    const byId = new Map(rows.map((row) => [row.orderId, row]));
    return world.known(ordersKnown).flatMap((order) => {
      const row = byId.get(order.orderId);
      const wasTold = order.redeemedAt !== undefined || order.refunds.size > 0 || order.isCompleted;
      if (!row) return wasTold ? [`order ${order.orderId} was paid and is not there`] : [];
      return faultsOf(order, row).map((fault) => `order ${order.orderId} ${fault}`);
    });
  },
};

function faultsOf({ cart, redeemedAt, isCompleted, refunds }: ShopOrder, row: Row): string[] {
  const given: Record<string, number> = JSON.parse(row.refunds);
  const faults: string[] = [];
  const paid = ["REDEEMED", "COMPLETED", "REFUNDED"];
  if (redeemedAt !== undefined && !paid.includes(row.state)) faults.push(`was told to be paid, it is ${row.state}`);
  if (redeemedAt !== undefined && row.pay !== redeemedAt)
    faults.push(`was paid with ${redeemedAt}, it says ${row.pay}`);
  if (isCompleted && !["COMPLETED", "REFUNDED"].includes(row.state)) faults.push(`is complete, it is ${row.state}`);
  if (row.pay + row.off !== priceOf(cart)) faults.push(`costs ${row.pay} and ${row.off}, its goods ${priceOf(cart)}`);
  const back = Object.values(given).reduce((sum, amount) => sum + amount, 0);
  if (back !== row.refunded) faults.push(`gave ${back} back, it says ${row.refunded}`);
  for (const [name, amount] of refunds)
    if (given[name] !== amount) faults.push(`refunded ${amount} by ${name}, it says ${given[name]}`);
  return faults;
}
