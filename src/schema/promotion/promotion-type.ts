import { announcementsOf } from "../../campaign/announcement/announcements.ts";
import { campaignsById } from "../../campaign/draft/campaign.ts";
import { describeConditions } from "../../discount/terms.ts";
import { globalId } from "../../ids.ts";
import { promotionFaults } from "../../promotion/promise.ts";
import {
  countPromotions,
  isActing,
  listPromotions,
  type Promotion,
  promotionsById,
  promotionsGiving,
} from "../../promotion/promotion.ts";
import { promotionKindNames, promotionKinds } from "../../promotion/tier.ts";
import { AudienceType, CampaignType } from "../campaign/campaign-type.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { listArgs, listedOf } from "../kit/list-order.ts";
import { languageArg, maybeMoney, moneyField, toldIn } from "../kit/money.ts";
import { shopArgs, shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";

const viewers = { role: "viewer" } as const;

export const PromotionKindEnum = enumOf(
  "PromotionKind",
  "What a promotion gives.",
  promotionKindNames,
  (kind) => promotionKinds[kind].description,
);

type Tier = Promotion["tiers"][number] & Pick<Promotion, "currency">;

const TierType = builder.objectRef<Tier>("PromotionTier").implement({
  description: "What is given from a threshold upwards: one of the values, by the promotion's kind.",
  authScopes: viewers,
  fields: (t) => ({
    spend: moneyField(t, "The threshold: spend at least so much.", ({ spend }) => spend),
    off: maybeMoney(t, "FULL_REDUCTION: taken off.", (tier) => ("off" in tier ? tier.off : null)),
    basisPointsOff: t.int({
      nullable: true,
      description: "DISCOUNT: taken off, in hundredths of a per cent, 1–9999: 500 is 5 %.",
      resolve: (tier) => ("basisPointsOff" in tier ? tier.basisPointsOff : null),
    }),
    couponTemplateId: t.id({
      nullable: true,
      description: "COUPON: the coupon's template.",
      resolve: (tier) => ("couponTemplate" in tier ? globalId("CouponTemplate", tier.couponTemplate) : null),
    }),
    points: t.int({
      nullable: true,
      description: "POINTS: points given, at most 1,000,000,000.",
      resolve: (tier) => ("points" in tier ? tier.points : null),
    }),
  }),
});

export const PromotionType = builder.node(builder.objectRef<Promotion>("Promotion"), {
  description: "A rule that acts on carts or orders while it is enabled and inside its window.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => promotionsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    shop: t.exposeString("shop", { description: shopOfThing }),
    name: t.exposeString("name", { description: "Its name, 1–200 characters." }),
    remark: t.exposeString("remark", { description: "A remark, at most 2,000 characters; announcements say it." }),
    kind: t.expose("kind", { type: PromotionKindEnum, description: "What it gives." }),
    currency: t.exposeString("currency", { description: "Of its amounts, ISO 4217; it acts on carts in it alone." }),
    tiers: t.field({
      type: [TierType],
      description: "How much from which threshold on, 1–20, by rising threshold.",
      resolve: ({ tiers, currency }): Tier[] => tiers.map((tier) => ({ ...tier, currency })),
    }),
    startsAt: t.expose("startsAt", { type: "DateTime", description: "Its window begins." }),
    endsAt: t.expose("endsAt", { type: "DateTime", nullable: true, description: "Its window ends; null: never." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether an operator switched it on." }),
    acting: t.boolean({
      description: "Whether it acts now: enabled and inside its window.",
      resolve: (promotion, _args, { ctx }) => isActing(promotion, ctx.clock()),
    }),
    history: t.field(historyField("promotion")),
    createdBy: t.exposeString("createdBy", {
      nullable: true,
      description: "Who made it, e.g. operator Kim; null where nobody wrote that down.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last changed." }),
    announcements: t.field({
      type: [CampaignType],
      description: "The campaigns that told members of it, newest first.",
      complexity: { field: 1, multiplier: 5 },
      resolve: async ({ id }, _args, { ctx }) => {
        const ids = (await announcementsOf(ctx, [id])).get(id) ?? [];
        return (await campaignsById(ctx, ids)).filter((campaign) => campaign !== undefined);
      },
    }),
  }),
});

builder.objectFields(PromotionType, (t) => ({
  conditions: t.expose("conditions", { type: "JSON", description: "Which goods count, by the shop's own ids." }),
  conditionsInWords: t.string({
    description: "The same in words; empty: all.",
    args: { language: t.arg.string({ description: languageArg }) },
    resolve: (promotion, { language }, { ctx }) => describeConditions(promotion, toldIn(ctx, language)),
  }),
  audience: t.expose("audience", {
    type: AudienceType,
    description: "For whose carts it acts, asked when a cart is quoted or locked.",
  }),
  stacking: t.expose("stacking", {
    type: "JSON",
    nullable: true,
    description:
      "`{ exclusive: true }`, or `{ group, order }`: of one group at most one acts on a cart; null: beside all that " +
      "are not exclusive.",
  }),
  activeUrl: t.exposeString("activeUrl", { nullable: true, description: "Where it leads; null: nowhere." }),
  faults: t.stringList({
    description:
      "What keeps its promise from being kept, or it from being enabled, in words, e.g. that a coupon template that " +
      "it gives ends sooner, or has nothing left; empty: nothing does.",
    complexity: 10,
    resolve: (promotion, _args, { ctx }) => promotionFaults(ctx, promotion),
  }),
}));

connectionField("Query", "promotions", PromotionType, {
  description: "Promotions.",
  scopes: viewers,
  args: (arg) => ({
    enabled: arg.boolean({ description: "Only those that are, or are not." }),
    ...shopArgs(arg),
    ...listArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { enabled, shop, after, limit, ...listed }) => {
    const which = { ...listedOf(listed), enabled: enabled ?? undefined, shop: shop ?? undefined };
    return listPromotions(ctx, { ...which, after, limit });
  },
  count: (ctx, { enabled, shop, ...listed }) =>
    countPromotions(ctx, { ...listedOf(listed), enabled: enabled ?? undefined, shop: shop ?? undefined }),
});

builder.objectField(CouponTemplateType, "promisedBy", (t) =>
  t.field({
    type: [PromotionType],
    description: "Promotions that are enabled and give its coupons for orders: their promise ends with it.",
    complexity: { field: 5, multiplier: 3 },
    resolve: ({ id }, _args, { ctx }) => promotionsGiving(ctx, id),
  }),
);

builder.queryField("promotion", (t) =>
  t.field({
    type: PromotionType,
    nullable: true,
    description: "A promotion; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID({ for: PromotionType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await promotionsById(ctx, [toRowId(id.id)]))[0],
  }),
);
