import type { SQL } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { addToTotalSpend, spendCurrency } from "../../member/total-spend.ts";

/** What a member paid, or got back, for an order. */
export interface Spending {
  readonly member: number;
  readonly currency: string;
  /** Minor units. */
  readonly amount: number;
}

/**
 * The statements by which an order that is paid counts in what its member spent, where that is kept from orders of its
 * currency; they stand before the order's change, which `holds` asks about.
 */
export function spentMore(ctx: Context, { member, currency, amount }: Spending, holds: SQL): Query[] {
  if (spendCurrency(ctx) !== currency || amount === 0) return [];
  return [addToTotalSpend(member, amount, holds)];
}

/** The same of what went back. */
export function spentLess(ctx: Context, spending: Spending, holds: SQL): Query[] {
  return spentMore(ctx, { ...spending, amount: -spending.amount }, holds);
}
