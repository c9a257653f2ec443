import { sql } from "drizzle-orm";
import type { CartInput } from "../../src/checkout/cart.ts";
import { type LockInput, lockCoupons } from "../../src/checkout/order/lock.ts";
import { type RefundInput, refundOrder } from "../../src/checkout/order/refund.ts";
import type { refuseCoupons } from "../../src/checkout/refusals.ts";
import type { Context } from "../../src/context.ts";
import type { templateTable } from "../../src/coupon/table.ts";
import { isRefusal, type Refusal } from "../../src/errors.ts";
import { addTemplate } from "./coupons.ts";
import { openTestDatabase } from "./database.ts";
import { testContext } from "./graphql.ts";
import { addMembers } from "./shop.ts";

/** Two of one and one of another: 50.01. */
export const cart: CartInput = {
  currency: "EUR",
  lines: [
    { id: "tea", goods: "tea", unitPrice: 2_000, quantity: 2 },
    { id: "cup", goods: "cup", unitPrice: 1_001, quantity: 1 },
  ],
};
export const day = 86_400_000;
export const stacks = (group: string, order = 0) => ({ stacking: { group, order } });

export const codeOf = (answer: object | Refusal) => (isRefusal(answer) ? answer.code : "DONE");
/** Why the coupons cannot be used, or what else was answered. */
export const reasonsOf = (answer: object | ReturnType<typeof refuseCoupons>) =>
  "unusable" in answer ? answer.unusable.map(({ reason }) => reason) : codeOf(answer);

/** Twenty members of a shop with a clock that is moved by hand, whose coupons are locked, spent and refunded. */
export async function openOrders() {
  const db = await openTestDatabase();
  const time = { now: Date.parse("2026-06-01T12:00:00Z") };
  const ctx: Context = { ...testContext(db), clock: () => time.now };
  return { ...(await ordersOf(ctx)), db, time };
}

/** The same of a shop that there is, with a clock of its own. */
export async function ordersOf(ctx: Context) {
  const { db } = ctx;
  await addMembers(db, 20);
  let named = 0;
  const name = () => `order ${++named}`;

  /** A template and coupons of it for these members. */
  async function held(members: readonly number[], facts: Partial<typeof templateTable.$inferInsert> = {}) {
    const { id: template } = await addTemplate(ctx, { perMember: members.length, ...facts });
    const coupons: number[] = [];
    for (const member of members) {
      const heldBudget = facts.budget ? (facts.maxDiscount ?? 0) : 0;
      const [result] = await db.write([
        sql`INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, valid_to)
          VALUES (${member}, ${template}, (SELECT count(*) + 1 FROM coupon
            WHERE member = ${member} AND template = ${template}), 'CLAIM',
            ${heldBudget}, ${ctx.clock()}, 0, ${facts.validTo ?? null}) RETURNING id`,
      ]);
      coupons.push(Number(result?.rows[0]?.id));
    }
    return { template, coupons, coupon: coupons[0] ?? 0 };
  }

  async function countsOf(template: number) {
    const row = await db.first<object>(sql`SELECT reserved, spent, state FROM coupon_template WHERE id = ${template}`);
    const counts = await db.all(sql`
      SELECT state, n, discount, revenue FROM coupon_counts WHERE template = ${template} AND n > 0 ORDER BY state`);
    return { ...row, counts };
  }

  return {
    ctx,
    name,
    held,
    /** What a template has reserved and spent, its state, and its tallies that are not 0. */
    countsOf,
    /** Locks coupons of the first member for a new order, unless said otherwise. */
    lock: (couponIds: readonly number[], more: Partial<LockInput> = {}) =>
      lockCoupons(ctx, { orderId: name(), member: { seq: 1 }, cart, couponIds, ...more }),
    /** Refunds an order in full and gives its coupons back, unless said otherwise. */
    refund: (orderId: string, more: Partial<RefundInput> = {}) =>
      refundOrder(ctx, { orderId, refundId: "r1", policy: "GIVE_BACK", ...more }),
    stateOf: async (coupon: number) =>
      (await db.first<{ state: string }>(sql`SELECT state FROM coupon WHERE id = ${coupon}`))?.state,
  };
}
