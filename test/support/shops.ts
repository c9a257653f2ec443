import { sql } from "drizzle-orm";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import type { Context } from "../../src/context.ts";
import { isRefusal } from "../../src/errors.ts";
import { addTemplate } from "./coupons.ts";
import { openOrders, type ordersOf, stacks } from "./orders.ts";
import { as } from "./persons.ts";
import { filledPool } from "./pools.ts";
import { accepted } from "./shop.ts";

/** What one shop of a company has, or the company itself (''). */
export interface Belongings {
  readonly shop: string;
  /** Given by the system, live. */
  readonly template: number;
  readonly draft: number;
  readonly pooled: number;
  readonly pool: number;
  /** Unused, with a code of the pool. */
  readonly coupon: number;
  readonly code: string;
  /** Redeemed, by a coupon of the shop. */
  readonly order: number;
  readonly orderId: string;
  /** Held. */
  readonly locked: string;
}

/** Ids of what was never made, in the place of what another shop has. */
export const nothing: Belongings = {
  shop: "nowhere",
  ...{ template: 987_001, draft: 987_002, pooled: 987_003, pool: 987_004, coupon: 987_005, order: 987_006 },
  ...{ code: "NONE-0000000000000", orderId: "never", locked: "neverlocked" },
};

export const cartOfShops = (...shops: readonly string[]) => ({
  currency: "EUR",
  lines: shops.map((shop, n) => ({ id: `l${n}`, goods: "g", shop, unitPrice: 3_000, quantity: 1 })),
});

/** A company with two shops, `a` and `b`, each with a thing of every kind, and an operator of each. */
export async function openCompany() {
  const { db, time, ...orders } = await openOrders();
  return { ...(await companyOf(orders)), db, time };
}

/** The same on a shop that there is. */
export async function companyOf(orders: Awaited<ReturnType<typeof ordersOf>>) {
  const { ctx, held, lock } = orders;
  const { db } = ctx;
  const own = { "": await belongings(""), a: await belongings("a"), b: await belongings("b") };

  async function belongings(shop: string): Promise<Belongings> {
    const { template, coupons } = await held([1, 2, 3], { shop, issueMode: "SYSTEM", perMember: 3, ...stacks("g") });
    const { id: draft } = await addTemplate(ctx, { shop, state: "DRAFT" });
    const { id: pooled } = await addTemplate(ctx, { shop, codeMode: "POOL", stock: 0 });
    const pool = await filledPool(ctx, pooled, 3);
    const [code = ""] = (await db.all<{ code: string }>(sql`SELECT code FROM pool_code WHERE pool = ${pool}`)).map(
      (row) => row.code,
    );
    const [used = 0, free = 0, kept = 0] = coupons;
    await db.write([
      sql`UPDATE pool_code SET coupon = ${free} WHERE code = ${code}`,
      sql`UPDATE coupon SET code = ${code} WHERE id = ${free}`,
    ]);
    const paid = accepted(await lock([used], { cart: cartOfShops(shop, shop) }));
    accepted(await redeemCoupons(ctx, { orderId: paid.orderId }));
    const locked = accepted(await lock([kept], { member: { seq: 3 }, cart: cartOfShops(shop) })).orderId;
    return { shop, template, draft, pooled, pool, coupon: free, code, order: paid.id, orderId: paid.orderId, locked };
  }

  return {
    ...orders,
    own,
    /** An approver of a shop, or of none. */
    of: (shop: string): Context =>
      as(ctx, `Kim of ${shop || "all"}`, shop === "" ? 99 : 100 + shop.charCodeAt(0), undefined, shop),
    /** All rows that a deed might change, but for what time alone does. */
    rows: () =>
      db.all<object>(sql`
        SELECT 'template' AS what, json_array(id, name, state, stock, budget, approval, updated_at) AS row
          FROM coupon_template
        UNION ALL SELECT 'coupon', json_array(id, state, order_id) FROM coupon
        UNION ALL SELECT 'order', json_array(id, state, revision, refunded) FROM coupon_order
        UNION ALL SELECT 'pool', json_array(id, template, state, made, updated_at) FROM code_pool
        UNION ALL SELECT 'audit', json_array(id, subject) FROM audit
        UNION ALL SELECT 'export', json_array(id) FROM code_pool_export
        UNION ALL SELECT 'revision', json_array(subject, version) FROM revision`),
  };
}

/**
 * An answer in words; of a refusal, the ids that were asked for are taken out. What two who know nothing hear must be
 * the same.
 */
export async function heard(answer: Promise<unknown>, ids: Belongings): Promise<string> {
  const said = await answer.catch((error) => ({ thrown: String(error) }));
  if (!isRefusal(said)) return JSON.stringify(said ?? null);
  const { shop: _, ...named } = ids;
  const known = Object.values(named).map((id) => `(?<![\\w-])${id}(?![\\w-])`);
  return JSON.stringify(said).replaceAll(new RegExp(known.join("|"), "g"), "<it>");
}
