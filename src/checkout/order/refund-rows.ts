import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { rewardPolicies } from "../reward/reckon.ts";

/** What becomes of the coupons of an order that is refunded in full. */
export const refundPolicies = ["GIVE_BACK", "KEEP"] as const;
export type RefundPolicy = (typeof refundPolicies)[number];

const Json = z.string().transform((text): unknown => JSON.parse(text));

const RefundRow = z.object({
  /** The number of the order's row. */
  order: z.int(),
  /** The shop's name of it, unique in the order. */
  name: z.string(),
  policy: z.enum(refundPolicies),
  /** Whether it counts against what the order earns. */
  rewards: z.enum(rewardPolicies),
  /** Whether nothing of the payment was left after it. */
  isWhole: z.int().transform(Boolean),
  /** What was asked for, to be known again. */
  asked: z.string(),
  /** Minor units. */
  amount: z.int(),
  /** What of it belongs to each line; adds up to the amount. */
  lines: Json.pipe(z.array(z.object({ line: z.string(), amount: z.int() }))),
  /** The coupons that the member got back. */
  givenBack: Json.pipe(z.array(z.int())),
  /** ms. */
  at: z.int(),
});

/** What went back of an order at once. */
export type Refund = z.infer<typeof RefundRow>;

/** The refunds of each of these orders, oldest first. */
export async function refundsOfOrders(ctx: Context, orders: readonly number[]): Promise<Map<number, Refund[]>> {
  const found = await read(ctx, sql`coupon_order IN (SELECT value FROM ${rows(orders)})`);
  return Map.groupBy(found, ({ order }) => order);
}

/** The refunds of an order, oldest first. */
export function refundsOf(ctx: Context, order: number): Promise<Refund[]> {
  return read(ctx, sql`coupon_order = ${order}`);
}

export async function findRefund(ctx: Context, order: number, name: string): Promise<Refund | undefined> {
  return (await read(ctx, sql`coupon_order = ${order} AND name = ${name}`))[0];
}

async function read(ctx: Context, where: SQL): Promise<Refund[]> {
  const found = await ctx.db.all<object>(sql`
    SELECT coupon_order AS "order", name, policy, rewards, whole AS isWhole, asked, amount, lines,
      given_back AS givenBack, at
    FROM coupon_order_refund WHERE ${where} ORDER BY at, name`);
  return found.map((row) => RefundRow.parse(row));
}
