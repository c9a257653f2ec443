import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal, refusal } from "../../errors.ts";
import type { TakenBack } from "../../giving.ts";
import { type CouponOrder, ordersById } from "../order/order.ts";
import { refundsOf } from "../order/refund-rows.ts";
import { earnStatement } from "../reward/earn.ts";
import { type OrderReward, openRewards } from "../reward/order-reward.ts";
import { stillEarned } from "../reward/reckon.ts";
import { tryAgainAt } from "./try-again.ts";

/** Rounds in one go: each brings a reward further, and there are fewer tiers than these. */
const rounds = 50;

/**
 * Does whatever there is to do for the rewards of an order: gives those that it earned, takes back those that it does
 * no longer. What it did is written down under the condition that the reward still waits for it, and a gift's key gives
 * once: so it may be called any number of times, also at once, and be killed anywhere. What one reward cannot have
 * keeps no other from its own.
 */
export async function settleRewards(ctx: Context, { order: id }: { readonly order: number }): Promise<void> {
  const failures = new Map<number, unknown>();
  for (let round = 0; round < rounds; round++) {
    const [order] = await ordersById(ctx, [id]);
    const open = (await openRewards(ctx, id, ctx.clock())).filter((reward) => !failures.has(reward.id));
    if (!order || open.length === 0) break;
    for (const reward of open) {
      await (reward.state === "TAKING" ? take : give)(ctx, order, reward).catch((error) => {
        failures.set(reward.id, error);
      });
    }
  }
  if (failures.size > 0) throw failures.values().next().value;
}

async function give(ctx: Context, { member, orderId }: CouponOrder, reward: OrderReward): Promise<void> {
  const { id, kind, terms, key } = reward;
  const now = ctx.clock();
  const giver = ctx.rewards.of(kind);
  const answer = giver
    ? await giver.issueOne(ctx, terms, { member, key, source: `order/${orderId}` })
    : refusal("NO_SUCH_REWARD", `Nobody gives ${kind} here.`);
  const refused = isRefusal(answer) ? answer : undefined;
  await ctx.db.write([
    sql`
      UPDATE order_reward SET state = ${refused ? "REFUSED" : "GIVEN"}, given = ${isRefusal(answer) ? null : answer.id},
        reason = ${refused?.code ?? null}, said = ${refused?.message ?? null},
        due_at = ${refused ? tryAgainAt(reward, refused.code, now) : null}, parked_at = NULL, changed_at = ${now}
      WHERE id = ${id} AND state IN ('PENDING', 'REFUSED')`,
  ]);
}

/** How long a gift that its holder is just using is left alone at least, in milliseconds. */
const patienceMs = 60_000;

async function take(ctx: Context, { member }: CouponOrder, reward: OrderReward): Promise<void> {
  const { id, kind, key } = reward;
  const giver = ctx.rewards.of(kind);
  const taken: TakenBack = giver ? await giver.takeBack(ctx, { member, key }) : { kind: "GONE" };
  if (taken.kind !== "HELD") return record(ctx, reward, taken.kind);
  const dueAt = Math.max(taken.until, ctx.clock() + patienceMs);
  await ctx.db.write([
    sql`UPDATE order_reward SET due_at = ${dueAt}, parked_at = NULL WHERE id = ${id} AND state = 'TAKING'`,
  ]);
}

type Outcome = Exclude<TakenBack["kind"], "HELD">;

const outcomes = {
  TAKEN_BACK: { state: "TAKEN_BACK", reason: null, said: null },
  USED: { state: "KEPT", reason: "USED", said: "It was used before the refund." },
  EXPIRED: { state: "KEPT", reason: "EXPIRED", said: "Its time was over before the refund." },
  GONE: { state: "CANCELLED", reason: null, said: null },
} as const satisfies Record<Outcome, object>;

/**
 * What the order still earns of the promotion takes the place of what was taken – not of what the member had the good
 * of, or let pass: by the refunds as they are, so that it says so only of the order as it was read. Where that has
 * changed, the next round says it.
 */
async function record(ctx: Context, reward: OrderReward, outcome: Outcome): Promise<void> {
  const [order] = await ordersById(ctx, [reward.order]);
  if (!order) return;
  const { id, revision, redeemedAt, quote } = order;
  const earned = stillEarned(quote, await refundsOf(ctx, id)).filter(({ promotion }) => promotion === reward.promotion);
  const { state, reason, said } = outcomes[outcome];
  const now = ctx.clock();
  const asRead = sql`EXISTS (SELECT 1 FROM coupon_order WHERE id = ${id} AND revision = ${revision})`;
  const isOver = sql`EXISTS (
    SELECT 1 FROM order_reward WHERE id = ${reward.id} AND state IN ('TAKEN_BACK', 'CANCELLED'))`;
  await ctx.db.write([
    sql`
      UPDATE order_reward SET state = ${state}, reason = ${reason}, said = ${said}, due_at = NULL, parked_at = NULL,
        changed_at = ${now} WHERE id = ${reward.id} AND state = 'TAKING' AND ${asRead}`,
    earnStatement(ctx, { order: id, revision, redeemedAt: redeemedAt ?? 0, earned }, isOver),
  ]);
}
