import { sql } from "drizzle-orm";
import { parkRewards, stalledRewards, unparkRewards } from "../../src/checkout/giving/parking.ts";
import { settleRewards } from "../../src/checkout/giving/settle-rewards.ts";
import { completeOrder } from "../../src/checkout/order/complete.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { expireLocks } from "../../src/checkout/order/lock-expiry.ts";
import { findOrder } from "../../src/checkout/order/order.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { type RefundInput, refundOrder } from "../../src/checkout/order/refund.ts";
import { releaseCoupons } from "../../src/checkout/order/release.ts";
import type { Context, Rewards } from "../../src/context.ts";
import { rows } from "../../src/db/bulk.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { cart } from "./orders.ts";

/** A delivery under way: the real handler, halted before each gift and each write until it is let go on. */
interface Delivery {
  readonly order: number;
  resume: (() => void) | undefined;
  ended: Promise<void>;
}

export type Step =
  | { readonly kind: "lock" | "redeem" | "complete" | "release" | "refund"; readonly of: number; readonly dice: number }
  | { readonly kind: "deliver" | "step" | "crash" | "park" | "hold" | "use"; readonly pick: number }
  | { readonly kind: "sweep" | "restock" | "sell-out" | "free" };

/**
 * A few orders of one member under a queue that delivers at least once and in any order, and under servers that may
 * stop anywhere; every step is chosen from outside. Coupons that were given are held for other orders, used, refunded.
 */
export function openRewardWorld(db: RootDatabase, base: Context, names: readonly string[]) {
  let now = base.clock();
  const ctx: Context = { ...base, clock: () => now };
  const deliveries: Delivery[] = [];
  let others = 0;
  let refunds = 0;

  async function start(order: number): Promise<Delivery> {
    const delivery: Delivery = { order, resume: undefined, ended: Promise.resolve() };
    let halted = Promise.withResolvers<void>();
    const halt = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      delivery.resume = () => {
        halted = Promise.withResolvers<void>();
        delivery.ended = Promise.race([finished, halted.promise]);
        delivery.resume = undefined;
        resolve();
      };
      halted.resolve();
      return promise;
    };
    const over = () => void deliveries.splice(deliveries.indexOf(delivery), 1);
    deliveries.push(delivery);
    const finished = settleRewards(halting(ctx, db, halt), { order }).then(over);
    delivery.ended = Promise.race([finished, halted.promise]);
    await delivery.ended;
    return delivery;
  }

  async function goOn(delivery: Delivery | undefined): Promise<void> {
    delivery?.resume?.();
    await delivery?.ended;
  }

  const one = <T>(list: readonly T[], pick: number): T | undefined => list[Math.floor(pick * list.length)];

  const ours = sql`SELECT id FROM coupon_order WHERE order_id IN (SELECT value FROM ${rows(names)})`;

  /** Any message that was ever left for one of the orders, as the queue may deliver each of them again. */
  async function anyMessage(pick: number): Promise<number | undefined> {
    const ids = await db.all<{ n: number }>(sql`
      SELECT payload ->> '$.order' AS n FROM outbox WHERE name = 'order-reward' AND n IN (${ours}) ORDER BY seq`);
    return one(ids, pick)?.n;
  }

  async function otherOrder(pick: number, isPaid: boolean): Promise<void> {
    const free = await db.all<{ id: number }>(sql`
      SELECT c.id FROM order_reward r JOIN coupon c ON c.id = r.given
      WHERE c.state = 'AVAILABLE' AND r.coupon_order IN (${ours}) ORDER BY c.id`);
    const coupon = one(free, pick)?.id;
    if (coupon === undefined) return;
    const orderId = `${names[0]} other ${++others}`;
    await lockCoupons(ctx, { orderId, member: { seq: 1 }, cart: dear, couponIds: [coupon], ttlSeconds: 600 });
    if (isPaid) await redeemCoupons(ctx, { orderId });
    if (isPaid && pick < 0.5) await refundOrder(ctx, { orderId, refundId: "r", policy: "GIVE_BACK" });
  }

  async function freeHeld(): Promise<void> {
    const orderId = `${names[0]} other ${others}`;
    await releaseCoupons(ctx, { orderId });
  }

  async function refund(orderId: string, dice: number): Promise<void> {
    const shape: Partial<RefundInput>[] = [{ amount: 400 }, { lines: ["cup"] }, { lines: ["tea"], amount: 2_000 }, {}];
    const rewards = dice < 0.25 ? "KEEP" : "TAKE_BACK";
    const input = { orderId, refundId: `r${++refunds}`, policy: "GIVE_BACK", rewards, ...one(shape, dice) } as const;
    await refundOrder(ctx, input);
    await refundOrder(ctx, input);
  }

  async function sweep(): Promise<void> {
    now += 3_600_000;
    await expireLocks(ctx, 100);
    for (const { payload } of await stalledRewards(ctx, now)) await settleRewards(ctx, payload as { order: number });
  }

  async function happen(step: Step): Promise<unknown> {
    switch (step.kind) {
      case "lock":
        return lockCoupons(ctx, { orderId: names[step.of] ?? "", member: { seq: 1 }, cart, couponIds: [] });
      case "redeem":
        return redeemCoupons(ctx, { orderId: names[step.of] ?? "" });
      case "complete":
        return completeOrder(ctx, { orderId: names[step.of] ?? "" });
      case "release":
        return releaseCoupons(ctx, { orderId: names[step.of] ?? "" });
      case "refund":
        return refund(names[step.of] ?? "", step.dice);
      case "deliver": {
        const order = await anyMessage(step.pick);
        return order === undefined ? undefined : start(order);
      }
      case "step":
        return goOn(one(deliveries, step.pick));
      case "crash":
        return deliveries.splice(Math.floor(step.pick * deliveries.length), 1);
      case "park": {
        const order = await anyMessage(step.pick);
        return order === undefined ? undefined : parkRewards(ctx, { order });
      }
      case "hold":
      case "use":
        return otherOrder(step.pick, step.kind === "use");
      case "free":
        return freeHeld();
      case "sweep":
        return sweep();
      case "sell-out": // others took what was left after it was promised
        return db.write([sql`UPDATE coupon_template SET stock = issued, state = 'SOLD_OUT' WHERE stock > issued`]);
      case "restock":
        return db.write([sql`UPDATE coupon_template SET stock = issued + 3, state = 'ACTIVE' WHERE stock IS NOT NULL`]);
    }
  }

  /** Ends all trouble: what is under way dies, what was given up is replayed, and the clock brings what was put off. */
  async function finish(): Promise<void> {
    deliveries.splice(0);
    for (const orderId of names) {
      const order = await findOrder(ctx, orderId);
      if (order) await unparkRewards(ctx, { order: order.id });
      if (order) await settleRewards(ctx, { order: order.id });
    }
    await sweep();
    await sweep();
  }

  return { ctx, happen, finish };
}

/** A cart from which a coupon takes off less than it costs. */
const dear = { ...cart, lines: cart.lines.map((line) => ({ ...line, goods: "other" })) };

/** What a delivery works with: it halts before every write and before and after every gift. */
function halting(ctx: Context, db: RootDatabase, halt: () => Promise<void>): Context {
  const rewards: Rewards = {
    kinds: ctx.rewards.kinds,
    of: (kind) => {
      const reward = ctx.rewards.of(kind);
      return (
        reward && {
          ...reward,
          issueOne: async (_halting, terms, to) => {
            await halt();
            const answer = await reward.issueOne(ctx, terms, to);
            await halt();
            return answer;
          },
        }
      );
    },
  };
  const write: RootDatabase["write"] = async (queries) => {
    await halt();
    return db.write(queries);
  };
  const reads = { orm: db.orm, all: db.all, first: db.first, transaction: db.transaction };
  return { ...ctx, rewards, db: { ...reads, write } };
}
