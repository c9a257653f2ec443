import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { FiguresByShop } from "../figures.ts";

const counts = {
  ordersPaid: { told: "Orders that were paid, whatever became of them then.", column: "paid" },
  ordersRefunded: { told: "Of these, those of which all went back.", column: "whole" },
};
const amounts = {
  orderPay: { told: "What was paid for orders.", column: "pay" },
  orderRefunded: { told: "What of it went back.", column: "refunded" },
  promotionDiscount: { told: "What promotions had taken off orders that were paid.", column: "promotions" },
  couponDiscount: { told: "What coupons had taken off orders that were paid.", column: "coupons" },
};

/**
 * Orders by the shop that all of their lines are of, from sums that move with them; those of several shops are the
 * company's. What is forgotten stays counted.
 */
export const orderFigures: FiguresByShop<Context> = {
  counts: toldOf(counts),
  amounts: toldOf(amounts),
  read: ({ db }, isWanted) => {
    const from = sql`FROM order_sum o WHERE ${isWanted(sql`o.shop`)} GROUP BY o.shop`;
    const column = (name: string) => sql.raw(`sum(o.${name})`);
    const parts: SQL[] = [
      ...Object.entries(counts).map(
        ([name, each]) =>
          sql`SELECT o.shop, ${name} AS name, ${column(each.column)} AS value, NULL AS currency ${from}`,
      ),
      ...Object.entries(amounts).map(
        ([name, each]) => sql`SELECT o.shop, ${name}, ${column(each.column)}, o.currency ${from}, o.currency`,
      ),
    ];
    return db.all(sql.join(parts, sql` UNION ALL `));
  },
};

function toldOf(figures: Readonly<Record<string, { readonly told: string }>>): Record<string, string> {
  return Object.fromEntries(Object.entries(figures).map(([name, { told }]) => [name, told]));
}
