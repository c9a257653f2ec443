import { completeOrder } from "../../checkout/order/complete.ts";
import { lockCoupons } from "../../checkout/order/lock.ts";
import { quoteCart, quoteCartFor } from "../../checkout/order/quote-order.ts";
import { redeemCoupons } from "../../checkout/order/redeem.ts";
import { refundOrder } from "../../checkout/order/refund.ts";
import { releaseCoupons } from "../../checkout/order/release.ts";
import { asMember, CouponType } from "../coupon/coupon.ts";
import { builder, type Types } from "../kit/builder.ts";
import { rowsOfInput } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { memberArgs, memberFields, memberKeyOf } from "../member/member-key.ts";
import { CartInput, cartOf } from "./cart-input.ts";
import { OrderRefundType, OrderType, RefundPolicyEnum, RefundRewardsEnum } from "./order-type.ts";
import { QuoteType } from "./quote-type.ts";

const shops = { role: "editor", service: "orders:write" } as const;
/** Whoever prices a cart sees what acts on it, of whichever shop. */
const company = { platform: "editor", service: "orders:write" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const whichOrder = (t: Fields) => ({
  orderId: t.string({ required: true, description: "The shop's id of the order, 1–100 characters." }),
});

builder.queryField("quoteCart", (t) =>
  t.field({
    type: QuoteType,
    description: "What a cart would cost you now, by promotions and your coupons. Nothing is held or promised.",
    authScopes: { member: true },
    complexity: 50,
    args: {
      cart: t.arg({ type: CartInput, required: true, description: "What you are about to buy." }),
      couponIds: t.arg.globalIDList({
        for: CouponType,
        description: "Which of your coupons to use, at most 20; without them, the best legal combination of all.",
      }),
    },
    resolve: async (_root, { cart, couponIds }, { ctx }) =>
      unwrap(
        await quoteCart(asMember(ctx), {
          cart: cartOf(cart),
          couponIds: couponIds ? rowsOfInput(couponIds) : undefined,
        }),
      ),
  }),
);

builder.queryField("quoteCartFor", (t) =>
  t.field({
    type: QuoteType,
    description: "What a cart would cost a member now, by promotions and the member's coupons. Nothing is held.",
    authScopes: { platform: "viewer", service: "orders:write" },
    complexity: 50,
    args: {
      ...memberArgs(t.arg),
      cart: t.arg({ type: CartInput, required: true, description: "What the member is about to buy." }),
      couponIds: t.arg.globalIDList({
        for: CouponType,
        description: "Which coupons to use, at most 20; without them, the best legal combination of all.",
      }),
    },
    resolve: async (_root, { cart, couponIds, ...member }, { ctx }) => {
      const input = {
        member: memberKeyOf(member),
        cart: cartOf(cart),
        couponIds: couponIds ? rowsOfInput(couponIds) : undefined,
      };
      return unwrap(await quoteCartFor(ctx, input));
    },
  }),
);

refusable("lockCoupons", {
  description:
    "Holds an order that is being paid at the price quoted now, and a member's coupons for it, if any. Safe to send " +
    "again: the same order with the same cart and coupons is answered as it stands.",
  scopes: company,
  result: OrderType,
  refusals: { CONFLICT: true, COUPON_UNUSABLE: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...whichOrder(t),
    ...memberFields(t),
    cart: t.field({ type: CartInput, required: true, description: "What is being bought." }),
    couponIds: t.globalIDList({
      for: CouponType,
      required: true,
      description: "Up to 20 of the member's coupons, all usable together; an empty list for an order without any.",
    }),
    ttlSeconds: t.int({ description: "How long it is held, 10–86,400 s; 900 unless given." }),
  }),
  resolve: ({ orderId, cart, couponIds, ttlSeconds, ...member }, ctx) =>
    lockCoupons(ctx, {
      orderId,
      member: memberKeyOf(member),
      cart: cartOf(cart),
      couponIds: rowsOfInput(couponIds),
      ttlSeconds: ttlSeconds ?? undefined,
    }),
});

refusable("redeemCoupons", {
  description:
    "Writes down that an order is paid, and spends the coupons that it holds. Safe to send again: a redeemed order " +
    "is answered as it stands.",
  scopes: shops,
  result: OrderType,
  refusals: { CONFLICT: true, COUPON_UNUSABLE: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...whichOrder(t),
    cart: t.field({
      type: CartInput,
      description: "What was bought in the end; unless given, what was locked. Where it differs it is quoted anew.",
    }),
  }),
  resolve: ({ orderId, cart }, ctx) => redeemCoupons(ctx, { orderId, cart: cart ? cartOf(cart) : undefined }),
});

refusable("completeOrder", {
  description:
    "Says that the goods of a paid order are kept: what promotions promised for it is given, see " +
    "`CouponOrder.rewards`. Where some was refunded, what the rest of the payment earns. Safe to send again.",
  scopes: shops,
  result: OrderType,
  refusals: { CONFLICT: true, NOT_FOUND: true, WRONG_STATE: true },
  input: whichOrder,
  resolve: ({ orderId }, ctx) => completeOrder(ctx, { orderId }),
});

refusable("releaseCoupons", {
  description: "Gives an order up that is not paid, and frees its coupons. Safe to send again.",
  scopes: shops,
  result: OrderType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: whichOrder,
  resolve: ({ orderId }, ctx) => releaseCoupons(ctx, { orderId }),
});

refusable("refundOrder", {
  description:
    "Takes back what was paid for an order, whole or in part, and with the last of it gives coupons back by the " +
    "policy; what the rest does not earn is taken back, unless `rewards` says otherwise. Safe to send again: the " +
    "same refundId is given once.",
  scopes: shops,
  result: OrderRefundType,
  refusals: { CONFLICT: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...whichOrder(t),
    refundId: t.string({
      required: true,
      description: "The shop's name for this refund of the order, 1–100 characters.",
    }),
    policy: t.field({ type: RefundPolicyEnum, required: true, description: "What becomes of the coupons." }),
    rewards: t.field({
      type: RefundRewardsEnum,
      description: "Whether it counts against what the order earns; TAKE_BACK unless given.",
    }),
    amount: t.field({
      type: "BigInt",
      description: "How much, in minor units; all that is left to refund, of the lines named, unless given.",
    }),
    lines: t.stringList({ description: "Ids of the lines that it is for; all unless given." }),
    validDays: t.int({
      description:
        "GIVE_BACK: coupons come back even if they have expired, and are valid for so many days at least, 1–365.",
    }),
  }),
  resolve: ({ amount, rewards, lines, validDays, ...input }, ctx) =>
    refundOrder(ctx, {
      ...input,
      rewards: rewards ?? undefined,
      amount: typeof amount === "bigint" ? Number(amount) : undefined,
      lines: lines ?? undefined,
      validDays: validDays ?? undefined,
    }),
});
