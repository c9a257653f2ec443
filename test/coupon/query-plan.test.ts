import { expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { orderFigures } from "../../src/checkout/figures.ts";
import { countOrders, listOrders } from "../../src/checkout/order/list-orders.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { expireLocks } from "../../src/checkout/order/lock-expiry.ts";
import { orderStates } from "../../src/checkout/order/order.ts";
import { quoteCart } from "../../src/checkout/order/quote-order.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import { releaseCoupons } from "../../src/checkout/order/release.ts";
import { withdrawCoupon } from "../../src/checkout/order/withdraw.ts";
import { listRewards, rewardsOfOrders } from "../../src/checkout/reward/order-reward.ts";
import type { Context } from "../../src/context.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { redeemCode } from "../../src/coupon/claim/redeem-code.ts";
import { listPools } from "../../src/coupon/code/pool.ts";
import { reconcileGates } from "../../src/coupon/gate/reconcile.ts";
import { issueStatements } from "../../src/coupon/issue/issue.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import { issueRules, unitsLeft } from "../../src/coupon/issue/issue-rules.ts";
import { couponByCode } from "../../src/coupon/list/coupon-by-code.ts";
import { countCouponsOfMember, couponsOfMember } from "../../src/coupon/list/member-coupons.ts";
import { couponsOfTemplate } from "../../src/coupon/list/template-coupons.ts";
import { expirySlots } from "../../src/coupon/reminder/due.ts";
import { couponStates } from "../../src/coupon/table.ts";
import { withdrawTemplate } from "../../src/coupon/template/lifecycle.ts";
import { couponStatistics } from "../../src/coupon/template/statistics.ts";
import { sweepTemplates } from "../../src/coupon/template/sweep.ts";
import { takeBackStretch } from "../../src/coupon/template/take-back.ts";
import { countTemplates, listTemplates } from "../../src/coupon/template/template.ts";
import { claimableCoupons } from "../../src/coupon/wallet/claimable.ts";
import { expireCouponsOf, expireDue } from "../../src/coupon/wallet/expiry.ts";
import { openDatabase } from "../../src/db/client.ts";
import { compile, type Query, type Statement } from "../../src/db/statement.ts";
import { inReach } from "../../src/shop.ts";
import { realWorld } from "../../src/world.ts";
import { addTemplate } from "../support/coupons.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { as } from "../support/persons.ts";
import { filledPool, freeCodes } from "../support/pools.ts";
import { accepted, addMembers } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";

const cart = { currency: "EUR", lines: [{ id: "l", goods: "g", shop: "a", unitPrice: 9_000, quantity: 1 }] };

/**
 * Does everything that has to be quick, once; SQLite keeps no statistics, so that the plans are those of a shop with a
 * million coupons.
 */
async function doEverything(ctx: Context): Promise<void> {
  const member = (seq: number) => ({ ...ctx, actor: { kind: "member", seq, id: `m_${seq}` } as const });
  const make = async (facts: Parameters<typeof addTemplate>[1]) => (await addTemplate(ctx, { shop: "a", ...facts })).id;
  const budget = { budget: 10_000, maxDiscount: 1_000, stock: 100 };
  const [open, pooled, coded, system] = [
    await make({ ...budget, validDays: 1 }),
    await make({ codeMode: "POOL" }),
    await make({ codeMode: "POOL", issueMode: "CODE" }),
    await make({ issueMode: "SYSTEM", perMember: 3, codeMode: "ON_CLAIM" }),
  ];
  for (const template of [pooled, coded]) await filledPool(ctx, template, 20);
  const { id } = accepted(await claimCoupon(member(1), { template: open, idempotencyKey: "k" }));
  await claimCoupon(member(1), { template: open, idempotencyKey: "another" });
  await claimCoupon(member(1), { template: pooled, idempotencyKey: "k2" });
  const [code = ""] = await freeCodes(ctx.db, coded);
  await redeemCode(member(1), { code, idempotencyKey: "k3", address: "" });
  await issueCoupon(ctx, { template: system, member: { seq: 1 }, idempotencyKey: "k4" });
  const allowed = issueRules({ template: system, eligibility: null, perMember: 3 }, 0).map(
    ([, rule]) => sql`NOT ${rule}`,
  );
  const members = sql`
    SELECT m.seq AS member FROM member m WHERE m.seq > 5 AND m.seq <= 15 AND ${sql.join(allowed, sql` AND `)}
    LIMIT ${unitsLeft(system)}`;
  for (const [template, codeMode] of [
    [system, "ON_CLAIM"],
    [pooled, "POOL"],
  ] as const) {
    await ctx.db.write(
      issueStatements({
        template,
        source: "run/1",
        perMember: 3,
        codeMode,
        codePrefix: "A",
        members,
        now: 0,
        zone: "UTC",
      }),
    );
  }
  await claimableCoupons(member(1), { limit: 20 });
  await quoteCart(member(1), { cart });
  const order = { member: { seq: 1 }, cart, couponIds: [id] };
  accepted(await lockCoupons(ctx, { ...order, orderId: "a" }));
  accepted(await releaseCoupons(ctx, { orderId: "a" }));
  accepted(await lockCoupons(ctx, { ...order, orderId: "b" }));
  accepted(await redeemCoupons(ctx, { orderId: "b" }));
  accepted(await refundOrder(ctx, { orderId: "b", refundId: "r", policy: "GIVE_BACK" }));
  await expireLocks(ctx, 10);
  await expireCouponsOf(ctx, 1);
  await expireDue(ctx);
  await expirySlots(ctx, ctx.clock() + 86_400_000);
  await sweepTemplates(ctx);
  await reconcileGates(ctx);
  await couponStatistics(ctx, open);
  await withdrawCoupon(ctx, { coupon: id, reason: "r" });
  const kim = as(ctx, "Kim", 7, 7, "a");
  for (const asking of [ctx, kim]) await listEverything(asking, { member: 1, template: open, coupon: id });
  await listTheirs(kim);
  accepted(await withdrawTemplate(ctx, { id: open, takeBack: true }));
  await takeBackStretch(ctx, { template: open, from: 0 });
}

/** What people at the desk ask for, on a first page and on a later one. */
async function listEverything(ctx: Context, of: { member: number; template: number; coupon: number }): Promise<void> {
  const { member, template } = of;
  for (const after of [undefined, of.coupon]) {
    const page = { after, limit: 20 };
    for (const order of ["NEWEST", "ENDING"] as const) await couponsOfMember(ctx, { member, order, ...page });
    for (const state of couponStates) {
      await couponsOfTemplate(ctx, { template, state, ...page });
      await couponsOfTemplate(ctx, { template, state, member, source: "CLAIM", ...page });
    }
    const order = (await listOrders(ctx, { begins: "b", limit: 1 }))[0]?.id;
    const orders = { after: after && order, limit: 20 };
    for (const which of [{}, { member }, { begins: "b" }, { state: "LOCKED" }, { state: "EXPIRED" }] as const)
      await listOrders(ctx, { ...which, since: 1, ...orders });
  }
  await countCouponsOfMember(ctx, { member, template, state: "AVAILABLE" });
  await countOrders(ctx, { state: "REDEEMED" });
  await couponByCode(ctx, "A-7ZP4Q1M9XK2VB3");
}

/** What is asked for of one shop alone, by somebody who works for it. */
async function listTheirs(kim: Context): Promise<void> {
  for (const order of ["NEWEST", "OLDEST"] as const) await listTemplates(kim, { order, limit: 20 });
  await countTemplates(kim, {});
  await listPools(kim, { limit: 20 });
  for (const state of [undefined, ...orderStates]) await countOrders(kim, { state });
  await countOrders(kim, { begins: "b" });
  await listRewards(kim, { state: "GIVEN", limit: 20 });
  await rewardsOfOrders(kim, [1]);
  await orderFigures.read(kim, (shop) => inReach(kim, shop));
}

const large = "coupon|coupon_template|member|coupon_order|order_reward|pool_code|send";

/**
 * Whether a step of a plan walks one of the large tables, by its name or its alias; a walk over what is in offer is
 * none.
 */
function isWalk(detail: string, text: string): boolean {
  const [, name] = /^SCAN (\w+)\b(?! USING INDEX coupon_template_open)/.exec(detail) ?? [];
  return name !== undefined && new RegExp(`^(${large})\\n|\\b(${large}) ${name}\\b`).test(`${name}\n${text}`);
}

test("nothing done with a coupon or a page of them walks coupons, members, orders, codes or templates", async () => {
  const path = join(tempDir(), "plans.db");
  const [db, aside] = [await openTestDatabase(path), await openDatabase({ url: `file:${path}` }, realWorld)];
  await addMembers(db, 20);
  const asked: Statement[] = [];
  const noted = (query: Query) => {
    asked.push(compile(query));
    return query;
  };
  const spied = {
    ...db,
    all: <Row>(query: Query) => db.all<Row>(noted(query)),
    first: <Row>(query: Query) => db.first<Row>(noted(query)),
    write: (queries: readonly Query[]) => db.write(queries.map(noted)),
  };
  await doEverything({ ...testContext(db), db: spied });
  const walks: string[] = [];
  for (const { sql: text, args } of asked) {
    const plan = await aside.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${text}`, args });
    const walked = plan.filter(({ detail }) => isWalk(detail, text)).map(({ detail }) => detail);
    if (walked.length > 0) walks.push(`${walked}: ${text.replace(/\s+/g, " ")}`);
  }
  expect(asked.length).toBeGreaterThan(80);
  expect(walks).toEqual([]);
  await Promise.all([db.close(), aside.close()]);
});
