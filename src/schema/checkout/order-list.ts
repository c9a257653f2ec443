import type { ArgBuilder } from "@pothos/core";
import { countedMost, countOrders, listOrders, lookedAtMost } from "../../checkout/order/list-orders.ts";
import { findOrder } from "../../checkout/order/order.ts";
import { withdrawCoupon } from "../../checkout/order/withdraw.ts";
import { givenFor } from "../../coupon/list/template-coupons.ts";
import { shopOf } from "../../shop.ts";
import { CouponType } from "../coupon/coupon.ts";
import { builder, type Types } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { memberArgs, memberNamed, type NamedMember } from "../member/member-key.ts";
import { MemberType } from "../member/member-type.ts";
import { OrderStateEnum, OrderType } from "./order-type.ts";

const viewers = { role: "viewer" } as const;
const readers = { role: "viewer", service: "orders:write" } as const;

const shopArg = (arg: ArgBuilder<Types>) => ({
  shop: arg.string({ description: "Only those of this shop alone; empty: those of several, and the company's own." }),
});

connectionField(MemberType, "orders", OrderType, {
  description: "The member's orders, the one locked last first; null for who may not see them.",
  scopes: viewers,
  isForSome: true,
  args: (arg) => ({
    state: arg({ type: OrderStateEnum, description: "Only those in this state now." }),
    ...shopArg(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { state, shop, after, limit }, { seq }) =>
    listOrders(ctx, { member: seq, state: state ?? undefined, shop: shop ?? undefined, after, limit }),
  count: (ctx, { state, shop }, { seq }) =>
    countOrders(ctx, { member: seq, state: state ?? undefined, shop: shop ?? undefined }),
});

interface Filter extends NamedMember {
  readonly state?: Parameters<typeof countOrders>[1]["state"] | null;
  readonly since?: number | null | undefined;
  readonly until?: number | null | undefined;
  readonly orderIdPrefix?: string | null | undefined;
  readonly shop?: string | null | undefined;
}

async function filterOf(ctx: Parameters<typeof memberNamed>[0], filter: Filter) {
  const { memberId, externalId, state, shop, since, until, orderIdPrefix } = filter;
  const isOfMember = Boolean(memberId) || typeof externalId === "string";
  return {
    member: isOfMember ? unwrap(await memberNamed(ctx, { memberId, externalId })) : undefined,
    state: state ?? undefined,
    shop: shop ?? undefined,
    since: since ?? undefined,
    until: until ?? undefined,
    begins: orderIdPrefix || undefined,
  };
}

const lookedMost = lookedAtMost.toLocaleString("en");
const most = countedMost.toLocaleString("en");

connectionField("Query", "couponOrders", OrderType, {
  description: `Orders, the one locked last first. \`totalCount\` counts to ${most}.`,
  scopes: readers,
  args: (arg) => ({
    ...memberArgs(arg),
    state: arg({ type: OrderStateEnum, description: "Only those in this state now." }),
    ...shopArg(arg),
    since: arg({ type: "DateTime", description: "Only those locked then or later." }),
    until: arg({ type: "DateTime", description: "Only those locked before." }),
    orderIdPrefix: arg.string({
      description: `How the shop's id begins; of more than ${lookedMost} such the first by their ids are looked at.`,
    }),
  }),
  cursor: ({ id }) => id,
  list: async (ctx, { after, limit, ...filter }) => listOrders(ctx, { ...(await filterOf(ctx, filter)), after, limit }),
  count: async (ctx, filter) => countOrders(ctx, await filterOf(ctx, filter)),
});

builder.objectFields(CouponType, (t) => ({
  order: t.field({
    type: OrderType,
    nullable: true,
    authScopes: readers,
    description: "The order that it is held for or was used on; null where there is none for you, and for members.",
    resolve: ({ orderId }, _args, { ctx }) => (orderId === null ? null : findOrder(ctx, orderId)),
  }),
  givenFor: t.field({
    type: "String",
    nullable: true,
    authScopes: readers,
    description:
      "What the shop gave it for, e.g. `order/2026-1`; null where it did not say, for members, and where that is an " +
      "order that is not for you.",
    resolve: async (coupon, _args, { ctx }) => {
      const given = givenFor(coupon);
      const [, order] = /^order\/(.*)$/.exec(shopOf(ctx) === "" ? "" : (given ?? "")) ?? [];
      return order === undefined || (await findOrder(ctx, order)) ? given : null;
    },
  }),
}));

refusable("withdrawCoupon", {
  description:
    "Takes one unused coupon back from its holder: what was reserved for it is free again. Safe to send again. " +
    "WrongState says why not: LOCKED (release its order, or wait), USED (refund its order), EXPIRED.",
  scopes: { role: "editor" },
  result: CouponType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    couponId: t.globalID({ for: CouponType, required: true, description: "Which one; see `Member.coupons`." }),
    reason: t.string({ required: true, description: "Why, 1–500 characters; kept in `Coupon.history`." }),
  }),
  resolve: ({ couponId, reason }, ctx) => withdrawCoupon(ctx, { coupon: toRowId(couponId.id), reason }),
});
