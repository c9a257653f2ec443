import { sql } from "drizzle-orm";
import { findOrder } from "../../src/checkout/order/order.ts";
import { refundsOf } from "../../src/checkout/order/refund-rows.ts";
import type { Context } from "../../src/context.ts";
import { listPools, poolExports, poolFaults } from "../../src/coupon/code/pool.ts";
import { couponsById } from "../../src/coupon/coupon.ts";
import { couponConservation } from "../../src/coupon/gate/conservation.ts";
import { stateNow } from "../../src/coupon/state-now.ts";
import { type CouponTemplate, templateTable } from "../../src/coupon/table.ts";
import { audienceOf } from "../../src/coupon/template/eligibility.ts";
import { couponStatistics } from "../../src/coupon/template/statistics.ts";
import { myCoupons } from "../../src/coupon/wallet/wallet.ts";
import { countMembers } from "../../src/member/member-search.ts";
import { accepted } from "./shop.ts";
import { all, idsOf, inOrder } from "./upgrade-reading.ts";

/** All that is said of a template, what became of its coupons, whether its stock adds up, and whom it is for. */
export async function templates(ctx: Context) {
  // As they were written: in those days what was over was shown as it stood until the sweep came.
  const found = await ctx.db.orm.select().from(templateTable);
  return inOrder(found, async (template) => ({
    ...saidOf(template),
    eligible: template.eligibility === null ? null : accepted(await countMembers(ctx, audienceOf(ctx, template))),
    ...(await countsOf(ctx, template.id)),
  }));
}

function saidOf(template: CouponTemplate) {
  return {
    id: template.id,
    name: template.name,
    state: template.state,
    shop: template.shop,
    kind: template.kind,
    params: template.params,
    currency: template.currency,
    conditions: template.conditions,
    stacking: template.stacking,
    given: template.issueMode,
    codeMode: template.codeMode,
    codePrefix: template.codePrefix,
    eligibility: template.eligibility,
    perMember: template.perMember,
    stock: template.stock,
    budget: template.budget,
    most: template.maxDiscount,
    opensAt: template.opensAt,
    closesAt: template.closesAt,
    validFrom: template.validFrom,
    validTo: template.validTo,
    // Days were days of 24 hours in those days.
    validDays: template.validHours === null ? null : template.validHours / 24,
    activeUrl: template.activeUrl,
    recurrence: template.recurrence,
    pattern: template.recurringTemplate,
    occursAt: template.occursAt,
    createdBy: template.createdBy,
  };
}

async function countsOf(ctx: Context, id: number) {
  const conservation = await couponConservation(ctx, id);
  const counts = await couponStatistics(ctx, id);
  return {
    conservation: conservation && {
      stock: conservation.stock,
      issued: conservation.issued,
      remaining: conservation.remaining,
    },
    // Of what recurs, with its occurrences.
    counts: counts && {
      issued: counts.issued,
      claimed: counts.claimed,
      AVAILABLE: counts.available,
      LOCKED: counts.locked,
      USED: counts.used,
      EXPIRED: counts.expired,
      WITHDRAWN: counts.withdrawn,
      discount: counts.discount,
      revenue: counts.revenue,
      reserved: counts.reserved,
      spent: counts.spent,
    },
  };
}

/** Pools of codes, and what was wrong with their files. */
export async function pools(ctx: Context) {
  return inOrder(await listPools(ctx, { limit: all }), async (pool) => ({
    id: pool.id,
    template: pool.template,
    source: pool.source,
    state: pool.state,
    wanted: pool.wanted,
    made: pool.made,
    file: pool.file,
    refused: pool.refused,
    faults: (await poolFaults(ctx, pool.id)).map(({ line, reason }) => `${line} ${reason}`),
    exports: (await poolExports(ctx, pool.id)).map(({ actor, codes }) => `${actor} ${codes}`),
  }));
}

/** Every coupon in a line: whose, which number of which template, how it stands, and what else is known of it. */
export async function coupons(ctx: Context) {
  const found = await couponsById(ctx, await idsOf(ctx, "coupon"));
  return found.flatMap((coupon) => {
    if (!coupon) return [];
    const { id, member, template, number, source, code, validTo, orderId, discount } = coupon;
    const facts = [stateNow(coupon, ctx.clock()), source, code, validTo, orderId, discount].map((fact) => fact ?? "-");
    return [`${id}: ${member} ${template}/${number} ${facts.join(" ")}`];
  });
}

/** The coupons that those who have many see in their wallets, in the wallet's order. */
export async function wallets(ctx: Context) {
  const rows = await ctx.db.all<{ member: number }>(sql`
    SELECT member FROM coupon GROUP BY member HAVING count(*) >= 8 ORDER BY member`);
  return Promise.all(rows.map(({ member }) => walletOf(ctx, member)));
}

async function walletOf(ctx: Context, member: number) {
  const owner = { ...ctx, actor: { kind: "member", seq: member, id: `m_${member}` } } as const;
  const seen = (["AVAILABLE", "LOCKED", "USED", "EXPIRED"] as const).map(async (status) => {
    const found = await myCoupons(owner, { status, limit: 200 });
    return [status, found.map(({ id }) => id)] as const;
  });
  return { member, ...Object.fromEntries(await Promise.all(seen)) };
}

/** Orders as they were agreed, and what went back of them. */
export async function orders(ctx: Context) {
  const rows = await ctx.db.all<{ name: string }>(sql`SELECT order_id AS name FROM coupon_order ORDER BY id`);
  const found = await Promise.all(rows.map(({ name }) => findOrder(ctx, name)));
  return inOrder(found, async (order) => ({
    id: order.id,
    order: order.orderId,
    member: order.member,
    state: order.state,
    currency: order.quote.currency,
    goods: order.quote.goods,
    pay: order.quote.pay,
    refunded: order.refunded,
    lines: order.quote.lines.map(({ id, amount, pay }) => `${id}: ${pay} of ${amount}`),
    coupons: order.quote.coupons.map(({ coupon, template, discount }) => `${coupon} of ${template}: ${discount}`),
    promotions: order.quote.promotions.map(({ promotion, discount }) => `${promotion}: ${discount}`),
    refunds: (await refundsOf(ctx, order.id)).map(({ name, policy, amount, givenBack }) => {
      return { name, policy, amount, givenBack };
    }),
    lockedUntil: order.lockedUntil,
    redeemedAt: order.redeemedAt,
    endedAt: order.endedAt,
  }));
}
