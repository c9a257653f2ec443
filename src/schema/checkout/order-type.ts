import { couponsInReach, quoteInReach } from "../../checkout/order/in-reach.ts";
import { type CouponOrder, findOrder, type OrderState, ordersById } from "../../checkout/order/order.ts";
import type { Refunded } from "../../checkout/order/refund.ts";
import { type Refund, type refundPolicies, refundsOf } from "../../checkout/order/refund-rows.ts";
import type { RewardPolicy } from "../../checkout/reward/reckon.ts";
import { globalId } from "../../ids.ts";
import { findMember } from "../../member/member.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { MoneyType, moneyField } from "../kit/money.ts";
import { MemberType } from "../member/member-type.ts";
import { historyField } from "../transition/history.ts";
import { inCurrency, QuoteType } from "./quote-type.ts";

const readers = { role: "viewer", service: "orders:write" } as const;

export const OrderStateEnum = builder.enumType("CouponOrderState", {
  description: "How far an order is.",
  values: {
    LOCKED: { description: "Its price and its coupons are held until `lockedUntil`." },
    REDEEMED: { description: "It is paid, its coupons are spent." },
    COMPLETED: { description: "Its goods are kept: what promotions promised for it is given." },
    REFUNDED: { description: "All that was paid went back." },
    RELEASED: { description: "It was given up; its coupons are free again." },
    EXPIRED: { description: "Its time was over; its coupons are free again." },
  } as const satisfies Record<OrderState, { description: string }>,
});

export const RefundPolicyEnum = builder.enumType("RefundPolicy", {
  description: "What becomes of the coupons of an order that is refunded.",
  values: {
    GIVE_BACK: { description: "The refund with which nothing of the payment is left returns those still valid." },
    KEEP: { description: "They stay spent." },
  } as const satisfies Record<(typeof refundPolicies)[number], { description: string }>,
});

export const RefundRewardsEnum = builder.enumType("RefundRewards", {
  description: "Whether a refund counts against what promotions give for the order.",
  values: {
    TAKE_BACK: {
      description:
        "It counts: what the rest of the payment does not earn is not given or, where it was, taken back while it is " +
        "unused; a lower tier that is still reached takes its place. With all of the payment, all goes.",
    },
    KEEP: {
      description:
        "It does not: what was promised is given, what was given stays. Only an order of which all went back before " +
        "it was complete never earns anything.",
    },
  } as const satisfies Record<RewardPolicy, { description: string }>,
});

interface InCurrency {
  readonly currency: string;
}

const RefundLine = builder.objectRef<Refund["lines"][number] & InCurrency>("RefundedLine").implement({
  description: "What of a refund belongs to a line.",
  authScopes: readers,
  fields: (t) => ({
    line: t.exposeString("line", { description: "Id of the line." }),
    amount: moneyField(t, "How much, from one minor unit.", ({ amount }) => amount),
  }),
});

const RefundType = builder.objectRef<Refund & InCurrency>("Refund").implement({
  description: "What went back of an order at once.",
  authScopes: readers,
  fields: (t) => ({
    refundId: t.exposeString("name", { description: "The shop's name for it." }),
    policy: t.expose("policy", { type: RefundPolicyEnum, description: "What becomes of the coupons." }),
    rewards: t.expose("rewards", {
      type: RefundRewardsEnum,
      description: "Whether it counts against what the order earns.",
    }),
    amount: moneyField(t, "How much.", ({ amount }) => amount),
    lines: t.field({
      type: [RefundLine],
      description: "The lines that it is for; adds up to it exactly.",
      resolve: (refund) => inCurrency(refund.lines, refund),
    }),
    givenBackIds: t.idList({
      description: "Coupons that the member got back: ids; to operators of a shop, of its own.",
      resolve: async ({ givenBack }, _args, { ctx }) =>
        (await couponsInReach(ctx, givenBack)).map((id) => globalId("Coupon", id)),
    }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

export const OrderType = builder.node(builder.objectRef<CouponOrder>("CouponOrder"), {
  description: "An order of the shop, at the price that was agreed by promotions and the coupons used on it, if any.",
  authScopes: readers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => ordersById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    orderId: t.exposeString("orderId", { description: "The shop's id of it." }),
    state: t.expose("state", { type: OrderStateEnum, description: "How far it is." }),
    shop: t.exposeString("shop", {
      description: "The number of the shop that all of its lines are of; empty: of several, or the company's own.",
    }),
    quote: t.field({
      type: QuoteType,
      description:
        "What was agreed: the price and what each coupon takes off. Operators of a shop are told its coupons and " +
        "promotions; what others took off is in the sums and on the lines.",
      resolve: ({ quote }, _args, { ctx }) => quoteInReach(ctx, quote),
    }),
    lockedAt: t.expose("lockedAt", { type: "DateTime", description: "When it was locked last." }),
    lockedUntil: t.expose("lockedUntil", { type: "DateTime", description: "Until when the lock held or holds." }),
    redeemedAt: t.expose("redeemedAt", { type: "DateTime", nullable: true, description: "When it was paid." }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was complete; stays when it is refunded then.",
    }),
    endedAt: t.expose("endedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was released, expired, or refunded in full.",
    }),
    refunded: t.field({
      type: MoneyType,
      description: "What of `quote.pay` went back.",
      resolve: ({ refunded, quote }) => ({ amount: refunded, currency: quote.currency }),
    }),
    refunds: t.field({
      type: [RefundType],
      description: "What went back, oldest first.",
      complexity: { field: 1, multiplier: 5 },
      resolve: async ({ id, quote }, _args, { ctx }) => inCurrency(await refundsOf(ctx, id), quote),
    }),
    history: t.field({ ...historyField("order"), nullable: true, authScopes: { role: "viewer" } }),
    member: t.field({
      type: MemberType,
      nullable: true,
      authScopes: { role: "viewer" },
      description: "Whose it is; null when the member was erased.",
      resolve: ({ member }, _args, { ctx }) => findMember(ctx, { seq: member }),
    }),
  }),
});

export const OrderRefundType = builder.objectRef<Refunded>("OrderRefund").implement({
  description: "A refund, and the order as it stands.",
  authScopes: readers,
  fields: (t) => ({
    order: t.expose("order", { type: OrderType, description: "The order." }),
    refund: t.field({
      type: RefundType,
      description: "What went back.",
      resolve: ({ order, refund }) => ({ ...refund, currency: order.quote.currency }),
    }),
  }),
});

builder.queryField("couponOrder", (t) =>
  t.field({
    type: OrderType,
    nullable: true,
    description: "An order; null when none of this name was ever locked, or not for you.",
    authScopes: readers,
    args: { orderId: t.arg.string({ required: true, description: "The shop's id of the order." }) },
    resolve: (_root, { orderId }, { ctx }) => findOrder(ctx, orderId),
  }),
);
