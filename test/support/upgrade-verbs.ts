import { sql } from "drizzle-orm";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { findMember } from "../../src/member/member.ts";
import { listWebhooks, updateWebhook } from "../../src/webhook/webhook.ts";
import { accepted, type Shop } from "./shop.ts";
import { named } from "./upgrade.ts";

// What is done to a shop that started on the fixture, in the words of its test.

/** How many a launch would reach, by channel. */
export async function simulates({ ctx }: Shop, campaign: number): Promise<Readonly<Record<string, number>>> {
  const { channels } = accepted(await simulateLaunch(ctx, { id: campaign }));
  return Object.fromEntries(channels.map(({ channel, reachable }) => [channel, reachable]));
}

/** Moves the endpoint of this description to another address. */
export async function tells({ ctx }: Shop, description: string, url: string): Promise<void> {
  const endpoint = (await listWebhooks(ctx, { limit: 50 })).find((each) => each.description === description);
  accepted(await updateWebhook(ctx, { id: endpoint?.id ?? 0, draft: { url } }));
}

async function seqOf({ ctx }: Shop, externalId: string): Promise<number> {
  const member = await findMember(ctx, { externalId });
  if (!member) throw new Error(`there is no member ${externalId}`);
  return member.seq;
}

/** A member claims a coupon of the template of this name. */
export async function claims(
  shop: Shop,
  asked: { readonly member: string; readonly template: string; readonly key: string },
): Promise<{ readonly id: number; readonly at: number }> {
  const { ctx } = shop;
  const member = { ...ctx, actor: { kind: "member", seq: await seqOf(shop, asked.member), id: asked.member } } as const;
  const template = await named(ctx, "coupon_template", asked.template);
  const { id, at } = accepted(await claimCoupon(member, { template, idempotencyKey: asked.key }));
  return { id, at };
}

/** Locks a coupon for an order, and answers how the order stands. */
export async function locks(
  shop: Shop,
  asked: { readonly member: string; readonly order: string; readonly coupon: number },
): Promise<string> {
  const lines = [{ id: "tea", goods: "tea", unitPrice: 2_300, quantity: 2 }];
  const member = { seq: await seqOf(shop, asked.member) };
  const input = { orderId: asked.order, member, cart: { currency: "EUR", lines }, couponIds: [asked.coupon] };
  return accepted(await lockCoupons(shop.ctx, input)).state;
}

export async function redeems({ ctx }: Shop, orderId: string): Promise<string> {
  return accepted(await redeemCoupons(ctx, { orderId })).state;
}

/** Refunds all of an order and gives its coupons back; answers how it stands, and how many the member has again. */
export async function refunds({ ctx }: Shop, orderId: string) {
  const { order, refund } = accepted(await refundOrder(ctx, { orderId, refundId: "all", policy: "GIVE_BACK" }));
  const back = JSON.stringify(refund.givenBack);
  const free = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM coupon WHERE state = 'AVAILABLE' AND id IN (SELECT value FROM json_each(${back}))`);
  return { state: order.state, givenBack: free?.n };
}
