import { ordersById } from "../../checkout/order/order.ts";
import { listRewards, type OrderReward, rewardStates, rewardsOfOrders } from "../../checkout/reward/order-reward.ts";
import { globalId } from "../../ids.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { couponTemplateIdOf, pointsOf } from "./gift.ts";
import { OrderType } from "./order-type.ts";

const readers = { role: "viewer", service: "orders:write" } as const;

const told: Readonly<Record<(typeof rewardStates)[number], string>> = {
  PENDING: "It is about to be given.",
  GIVEN: "The member has it.",
  REFUSED: "It could not be given: `reason` and `why` say why. What more stock or a higher limit mends is tried again.",
  TAKING: "A refund is about to take it back.",
  TAKEN_BACK: "A refund took it back, unused.",
  KEPT: "A refund came when it was used already, or its time was over, as `reason` says; it stays so.",
  CANCELLED: "A refund came before it was given.",
};

const StateEnum = enumOf(
  "OrderRewardState",
  "What became of something that a completed order earned.",
  rewardStates,
  (state) => told[state],
);

const RewardType = builder.objectRef<OrderReward>("OrderReward").implement({
  description: "Something that a promotion gives for a completed order: of each promotion one at a time.",
  authScopes: readers,
  fields: (t) => ({
    shop: t.exposeString("shop", {
      description:
        "The number of the shop that all lines of the order are of; empty: of several, or the company's own.",
    }),
    promotionId: t.id({
      description: "Id of the promotion.",
      resolve: ({ promotion }) => globalId("Promotion", promotion),
    }),
    name: t.exposeString("name", { description: "The promotion's name, as it was agreed." }),
    kind: t.exposeString("kind", { description: "What kind of reward, e.g. COUPON." }),
    couponTemplateId: t.id({ nullable: true, description: "Of which coupons.", resolve: couponTemplateIdOf }),
    points: t.int({ nullable: true, description: "Points.", resolve: pointsOf }),
    state: t.expose("state", { type: StateEnum, description: "What became of it." }),
    couponId: t.id({
      nullable: true,
      description: "Which coupon was given; null when it is none, or not given.",
      resolve: ({ kind, given }) => (kind === "COUPON" && given !== null ? globalId("Coupon", given) : null),
    }),
    reason: t.exposeString("reason", {
      nullable: true,
      description: "REFUSED: the code of the refusal, e.g. SOLD_OUT, LIMIT_REACHED, ENDED. KEPT: USED, EXPIRED.",
    }),
    why: t.exposeString("said", { nullable: true, description: "The same in words." }),
    triedAgainAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "REFUSED: when it is tried again, where that can help.",
      resolve: ({ state, dueAt }) => (state === "REFUSED" ? dueAt : null),
    }),
    at: t.expose("changedAt", { type: "DateTime", description: "Since when it is so." }),
    order: t.loadable({
      type: OrderType,
      nullable: true,
      description: "The order that earned it.",
      resolve: ({ order }) => order,
      load: (ids: number[], { ctx }) => ordersById(ctx, ids),
    }),
  }),
});

builder.objectField(OrderType, "rewards", (t) =>
  t.loadableList({
    type: RewardType,
    description:
      "What it earned, and what became of it; empty until it is complete. Where a refund leaves a lower tier, that " +
      "comes behind the one that was taken back.",
    complexity: { field: 1, multiplier: 5 },
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) => {
      const found = Map.groupBy(await rewardsOfOrders(ctx, ids), ({ order }) => order);
      return ids.map((id) => found.get(id) ?? []);
    },
  }),
);

connectionField("Query", "orderRewards", RewardType, {
  description: "What orders earned, by what became of it, the newest first: e.g. what could not be given.",
  scopes: readers,
  args: (arg) => ({
    state: arg({ type: StateEnum, required: true, description: "Only those in this state now." }),
    shop: arg.string({
      description: "Only those of orders of this shop alone; empty: of several, and the company's own.",
    }),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { shop, ...page }) => listRewards(ctx, { ...page, shop: shop ?? undefined }),
});
