import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { inReach, isOfShop, isOwnRow, shopOf } from "../../shop.ts";

/**
 * What becomes of something that a completed order earned. PENDING: it is about to be given. GIVEN: the member has it.
 * REFUSED: it could not be given, `reason` says why. TAKING: a refund is about to take it back. TAKEN_BACK: it was,
 * unused. KEPT: a refund came when it was used already, or its time was over. CANCELLED: a refund came before it was
 * given.
 */
export const rewardStates = ["PENDING", "GIVEN", "REFUSED", "TAKING", "TAKEN_BACK", "KEPT", "CANCELLED"] as const;
export type RewardState = (typeof rewardStates)[number];

const Json = z.string().transform((text): unknown => JSON.parse(text));

const RewardRow = z.object({
  id: z.int(),
  /** The number of the order's row. */
  order: z.int(),
  /** The shop that all lines of the order are of; empty: of several, or the company's own. */
  shop: z.string(),
  promotion: z.int(),
  /** The threshold of its tier, minor units. */
  spend: z.int(),
  /** The promotion's name, as it was agreed. */
  name: z.string(),
  kind: z.string(),
  terms: Json,
  /** The gift's name: repeating it gives nothing more. */
  key: z.string(),
  state: z.enum(rewardStates),
  /** What was given, e.g. the coupon's number. */
  given: z.int().nullable(),
  /** Why it is so: a code, and in words. */
  reason: z.string().nullable(),
  said: z.string().nullable(),
  /** From when on there is something to do for it (ms); null = nothing. */
  dueAt: z.int().nullable(),
  createdAt: z.int(),
  changedAt: z.int(),
});

/** Something that a promotion gives for a completed order. */
export type OrderReward = z.infer<typeof RewardRow>;

/** What these orders earned, as far as both are in the reach of the actor, the highest tier of each promotion first. */
export function rewardsOfOrders(ctx: Context, orders: readonly number[]): Promise<OrderReward[]> {
  return read(
    ctx,
    sql`coupon_order IN (SELECT value FROM ${rows(orders)}) AND ${rewardInReach(ctx)}
    ORDER BY promotion, spend DESC`,
  );
}

/** Those for which there is something to do at a moment (ms). */
export function openRewards(ctx: Context, order: number, now: number): Promise<OrderReward[]> {
  return read(ctx, sql`coupon_order = ${order} AND due_at <= ${now} ORDER BY id`);
}

interface RewardPage {
  readonly state: RewardState;
  /** Only those of orders of this shop alone; empty: of several, and the company's own. */
  readonly shop?: string | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** The same of all orders, in a state, the newest first; `after` is the last id of the page before. */
export function listRewards(ctx: Context, { state, shop, after, limit }: RewardPage): Promise<OrderReward[]> {
  const before = after ?? Number.MAX_SAFE_INTEGER;
  const page = sql`${rewardInReach(ctx)} ORDER BY id DESC LIMIT ${limit}`;
  return read(ctx, sql`state = ${state} AND ${isOfShop(shop, sql`order_reward.shop`)} AND id < ${before} AND ${page}`);
}

/** The order is, and so is the promotion that gives it: of others' promotions nothing is told. */
function rewardInReach(ctx: Context): SQL {
  const isTheirs = isOwnRow(shopOf(ctx), sql`promotion`, sql`order_reward.promotion`);
  return sql`${inReach(ctx, sql`order_reward.shop`)} AND ${isTheirs}`;
}

async function read(ctx: Context, where: SQL): Promise<OrderReward[]> {
  const found = await ctx.db.all<object>(sql`
    SELECT id, coupon_order AS "order", shop, promotion, spend, name, kind, terms, key, state, given, reason, said,
      due_at AS dueAt, created_at AS createdAt, changed_at AS changedAt
    FROM order_reward WHERE ${where}`);
  return found.map((row) => RewardRow.parse(row));
}
