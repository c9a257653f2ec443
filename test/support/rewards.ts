import { sql } from "drizzle-orm";
import { findOrder } from "../../src/checkout/order/order.ts";
import { refundsOf } from "../../src/checkout/order/refund-rows.ts";
import { type OrderReward, rewardsOfOrders } from "../../src/checkout/reward/order-reward.ts";
import type { Context } from "../../src/context.ts";
import { issueToken } from "../../src/coupon/claim/issue-token.ts";
import { field, rows } from "../../src/db/bulk.ts";
import type { Database } from "../../src/db/client.ts";
import { createPromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { couponSums } from "./coupon-sums.ts";
import { addTemplate } from "./coupons.ts";
import { accepted } from "./shop.ts";

/** A promotion that acts: from each threshold upwards a coupon of a template of its own. Answers the templates. */
export async function addCouponPromotion(
  ctx: Context,
  name: string,
  spends: readonly number[],
  facts: Parameters<typeof addTemplate>[1] = {},
): Promise<number[]> {
  const templates: number[] = [];
  for (const spend of spends) {
    const template = await addTemplate(ctx, {
      issueMode: "SYSTEM",
      perMember: 1_000,
      name: `${name} ${spend}`,
      ...facts,
    });
    templates.push(template.id);
  }
  const tiers = spends.map((spend, n) => ({ spend, couponTemplate: templates[n] }));
  const { id } = accepted(
    await createPromotion(ctx, { name, currency: "EUR", rule: { kind: "COUPON", tiers }, startsAt: 0 }),
  );
  accepted(await setEnabled(ctx, { id, enabled: true }));
  return templates;
}

/** What an order earned, as `<state> <threshold>`, with the reason if there is one. */
export async function earnedBy(ctx: Context, orderId: string): Promise<string[]> {
  const order = await findOrder(ctx, orderId);
  const rewards = order ? await rewardsOfOrders(ctx, [order.id]) : [];
  return rewards.map(({ state, spend, reason }) => [state, spend, ...(reason ? [reason] : [])].join(" "));
}

/** The orders of which the outbox has messages, one for each, in the order that they were enqueued. */
export async function rewardMessages({ db }: Pick<Context, "db">): Promise<number[]> {
  const rows = await db.all<{ n: number }>(sql`
    SELECT payload ->> '$.order' AS n FROM outbox WHERE name = 'order-reward' ORDER BY seq`);
  return rows.map(({ n }) => n);
}

/** The threshold that the rest of each promotion's lines reaches, reckoned anew from the rows; none: undefined. */
async function stillReached(ctx: Context, orderId: string) {
  const order = await findOrder(ctx, orderId);
  if (!order || order.completedAt === null) return [];
  const refunds = (await refundsOf(ctx, order.id)).filter(({ rewards }) => rewards === "TAKE_BACK");
  const isAll = refunds.some(({ isWhole }) => isWhole);
  const back = (line: string) =>
    refunds.flatMap(({ lines }) => lines).reduce((all, part) => all + (part.line === line ? part.amount : 0), 0);
  return order.quote.earned.map(({ promotion, lines, tiers }) => {
    const of = order.quote.lines.filter(({ id }) => lines.includes(id));
    const left = of.reduce((all, { id, pay }) => all + pay - back(id), 0);
    const isGone = isAll || (left === 0 && of.some(({ id }) => back(id) > 0));
    return { promotion, spend: isGone ? undefined : tiers.filter(({ spend }) => spend <= left).at(-1)?.spend };
  });
}

/** What is wrong with an order's rewards once there is nothing left to do for them: a sentence each. */
export async function settledFaults(ctx: Context, orderId: string): Promise<string[]> {
  const order = await findOrder(ctx, orderId);
  const rewards = order ? await rewardsOfOrders(ctx, [order.id]) : [];
  const live = new Set(["PENDING", "GIVEN", "REFUSED", "TAKING", "KEPT"]);
  const reached = await stillReached(ctx, orderId);
  const known = new Set(reached.map(({ promotion }) => promotion));
  const strange = rewards.filter(({ promotion }) => !known.has(promotion)).map(({ id }) => `${orderId}: strange ${id}`);
  const wrong = reached.flatMap(({ promotion, spend }) => {
    const own = rewards.filter((reward) => reward.promotion === promotion && live.has(reward.state));
    const [one] = own;
    const told = own.map((reward) => `${reward.state} ${reward.spend}`).join();
    const isRight = one?.state === "KEPT" || one?.spend === spend;
    return own.length <= 1 && isRight ? [] : [`${orderId}: earns ${spend} of promotion ${promotion}, has ${told}`];
  });
  return [...strange, ...wrong, ...rewards.flatMap(openFault)];
}

function openFault({ id, state }: OrderReward): string[] {
  return state === "PENDING" || state === "TAKING" ? [`reward ${id} is ${state} for ever`] : [];
}

/** The same, and what does not add up about coupons. */
export async function rewardSums(db: Database): Promise<string[]> {
  return [...(await rewardFaults(db)), ...(await couponSums(db))];
}

/**
 * Everything that does not add up between what orders earned and the coupons that are there: nothing, at any time. A
 * promotion never has two coupons of one order out at once, nor gives one for a tier that was taken back.
 */
export async function rewardFaults(db: Database): Promise<string[]> {
  const keys = await db.all<{ key: string }>(sql`SELECT key FROM order_reward`);
  const tokens = keys.map(({ key }) => ({ key, token: issueToken({ actor: { kind: "system", job: "reward" } }, key) }));
  const found = await db.all<{ fault: string }>(sql`
    WITH k AS (SELECT ${field("key")} AS key, ${field("token")} AS token FROM ${rows(tokens)}),
    r AS (
      SELECT w.*, c.id AS coupon, c.state AS coupon_state, c.template AS template, o.member AS order_member,
        c.member AS coupon_member, o.completed_at
      FROM order_reward w JOIN coupon_order o ON o.id = w.coupon_order
      JOIN k ON k.key = w.key LEFT JOIN coupon c ON c.token = k.token)
    SELECT 'reward ' || id || ' is ' || state || ', its coupon ' || coalesce(coupon_state, 'not there') AS fault FROM r
      WHERE (state = 'GIVEN' AND coalesce(coupon_state, '') NOT IN ('AVAILABLE', 'LOCKED', 'USED', 'EXPIRED'))
        OR (state = 'TAKEN_BACK' AND coupon_state <> 'WITHDRAWN')
        OR (state = 'KEPT' AND coupon_state NOT IN ('USED', 'EXPIRED', 'AVAILABLE'))
        OR (state = 'CANCELLED' AND coupon IS NOT NULL) OR (given IS NOT NULL AND given IS NOT coupon)
        OR (state IN ('PENDING', 'REFUSED', 'CANCELLED') AND given IS NOT NULL)
    UNION ALL SELECT 'reward ' || id || ' is of an order that was never complete' FROM r WHERE completed_at IS NULL
    UNION ALL SELECT 'reward ' || id || ' gave another member''s coupon' FROM r WHERE coupon_member <> order_member
    UNION ALL SELECT 'reward ' || id || ' gave a coupon of template ' || template FROM r
      WHERE template <> terms ->> '$.template'
    UNION ALL SELECT 'order ' || coupon_order || ' has ' || count(*) || ' of promotion ' || promotion FROM r
      WHERE coupon_state <> 'WITHDRAWN' GROUP BY coupon_order, promotion HAVING count(*) > 1
    UNION ALL SELECT 'coupon ' || id || ' was given for nothing' FROM coupon
      WHERE token LIKE 'i%' AND token NOT IN (SELECT token FROM k)
    UNION ALL SELECT y.state || ': ' || y.n || ' are counted, ' || count(w.id) || ' are there'
      FROM order_reward_count y LEFT JOIN order_reward w ON w.state = y.state
      GROUP BY y.state HAVING y.n <> count(w.id)`);
  return found.map(({ fault }) => fault);
}
