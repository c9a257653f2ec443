import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { memberSettings } from "./settings.ts";

/** What is said where `totalSpend` is given, but kept from orders. */
export const keptFromOrders = "is kept from orders (TOTAL_SPEND_FROM): leave it out";

/** The currency of the orders that `totalSpend` is kept from; undefined where the shop says what it is. */
export function spendCurrency(ctx: Context): string | undefined {
  return memberSettings.of(ctx).spendCurrency;
}

/** The statement that adds to what a member spent, or takes from it, in minor units; where `holds`. */
export function addToTotalSpend(member: number, amount: number, holds: SQL): Query {
  return sql`UPDATE member SET total_spend = total_spend + ${amount} WHERE seq = ${member} AND ${holds}`;
}

/** Members from one `seq` until before another. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The statement that sets what each of a stretch of `member` spent, to an expression; where `holds`. */
export function setTotalSpend({ from, to }: Stretch, spent: SQL, holds: SQL): Query {
  return sql`UPDATE member SET total_spend = ${spent} WHERE seq >= ${from} AND seq < ${to} AND ${holds}`;
}
