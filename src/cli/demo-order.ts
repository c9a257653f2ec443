import { z } from "zod";
import type { App } from "../app.ts";
import type { Env } from "../env.ts";
import { mintMemberToken } from "../operations/member-token.ts";
import { memberTokenSettings } from "../settings.ts";
import { askApi, asOperator } from "./demo-api.ts";
import { offerCoupon } from "./demo-offer.ts";

/** What became of an order without coupons that earned one. */
export interface OrderSummary {
  readonly orderId: string;
  /** What it came to, in words. */
  readonly paid: string;
  /** Coupons that its quote promised. */
  readonly earned: number;
  /** Coupons of that kind in the buyer's wallet when it was complete. */
  readonly given: number;
  readonly coupon: string;
  readonly code: string;
}

const buyer = "sample-1";
const orderId = "order-1";
const cart = { currency: "EUR", lines: [{ id: "1", goods: "coat", unitPrice: "28000", quantity: 1 }] };
const coupon = "10 off your next order";

/**
 * A promotion that gives a coupon for the next order, and one order on its way from the price to the wallet: the quote
 * says what it earns; it is paid, and complete; and the coupon is there.
 */
export async function runOrder(app: App, env: Env): Promise<OrderSummary> {
  const template = await promiseCoupon(app);
  const locked = await asOperator(app, lock, { input: { orderId, externalId: buyer, couponIds: [], cart } });
  const { quote } = Locked.parse(locked).lockCoupons;
  for (const step of ["redeemCoupons", "completeOrder"]) {
    const take = `mutation ($orderId: String!) {
      done: ${step}(input: { orderId: $orderId }) { ... on CouponOrder { state } ... on Refusal { message } }
    }`;
    Done.parse(await asOperator(app, take, { orderId }));
  }
  const earned = quote.earned.filter(({ couponTemplateId }) => couponTemplateId === template).length;
  const held = await walletWith(app, env, earned);
  return { orderId, paid: quote.pay.text, earned, given: held.length, coupon, code: held[0]?.code ?? "" };
}

const Promised = z.object({ createPromotion: z.object({ enabled: z.literal(true) }) });

/** Promises a coupon for orders from 100 upwards, and tells nobody of it. */
async function promiseCoupon(app: App): Promise<string> {
  const discount = { instant: { off: "1000" } };
  const given = { issueMode: "SYSTEM", codeMode: "ON_CLAIM", validity: { days: 30 } };
  const template = await offerCoupon(app, { name: coupon, currency: "EUR", stock: "1000", discount, ...given });
  const create = `mutation ($input: CreatePromotionInput!) {
    createPromotion(input: $input) { ... on Promotion { enabled } ... on Refusal { message } }
  }`;
  const rule = { coupon: [{ spend: "10000", couponTemplateId: template }] };
  const input = { name: "A coupon for your next order", currency: "EUR", rule, enabled: true, announce: "NO" };
  Promised.parse(await asOperator(app, create, { input }));
  return template;
}

const lock = `mutation ($input: LockCouponsInput!) {
  lockCoupons(input: $input) {
    ... on CouponOrder { quote { pay { text } earned { couponTemplateId } } }
    ... on Refusal { message }
  }
}`;
const Locked = z.object({
  lockCoupons: z.object({
    quote: z.object({
      pay: z.object({ text: z.string() }),
      earned: z.array(z.object({ couponTemplateId: z.string().nullable() })),
    }),
  }),
});
const Done = z.object({ done: z.object({ state: z.enum(["REDEEMED", "COMPLETED"]) }) });

const Wallet = z.object({
  myCoupons: z.object({
    nodes: z.array(z.object({ code: z.string().nullable(), template: z.object({ name: z.string() }) })),
  }),
});

/** The buyer's coupons of that kind, once there are so many: they are given behind the queue. */
async function walletWith(app: App, env: Env, many: number) {
  const token = await mintMemberToken(memberTokenSettings(env), buyer, 600, Date.now());
  const query = "{ myCoupons(status: AVAILABLE, first: 50) { nodes { code template { name } } } }";
  for (let tries = 0; ; tries++) {
    const { nodes } = Wallet.parse(await askApi(`${app.url}/app`, token, { query, variables: {} })).myCoupons;
    const held = nodes.filter(({ template }) => template.name === coupon);
    if (held.length >= many || tries === 200) return held;
    await Bun.sleep(50);
  }
}
