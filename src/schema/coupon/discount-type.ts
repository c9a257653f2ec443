import type { CouponTemplate } from "../../coupon/table.ts";
import { toldOnce } from "../../coupon/template/told.ts";
import { claimsEnd } from "../../coupon/template/window.ts";
import { describeConditions, describeDiscount, thresholdOf } from "../../discount/terms.ts";
import { globalId } from "../../ids.ts";
import type { Money } from "../../money.ts";
import { builder } from "../kit/builder.ts";
import type { GraphqlContext } from "../kit/graphql-context.ts";
import { MoneyType } from "../kit/money.ts";
import { DiscountType } from "./discount-input.ts";
import { toldField } from "./told.ts";
import { ValidityType, validDaysField } from "./validity.ts";

const ofWhichGoods = "Of which goods, and from which amount, in words; empty without conditions.";

/** A template as members may see it: whatever the shop knows of its stock and budget stays inside. */
export const CouponTermsType = builder.objectRef<CouponTemplate>("CouponTerms").implement({
  description: "What is promised to those who hold a coupon, or may claim one.",
  authScopes: { member: true, role: "viewer", service: "orders:write" },
  fields: (t) => ({
    templateId: t.id({
      description: "The template's id: what `claimCoupon` and `remindMe` ask for.",
      resolve: ({ id }) => globalId("CouponTemplate", id),
    }),
    name: t.exposeString("name", { description: "Its name." }),
    shop: t.exposeString("shop", { description: "The number of the shop whose goods count; empty: all of them." }),
    kind: t.exposeString("kind", { description: "The kind of discount, for programs: FULL_REDUCTION, DISCOUNT …" }),
    description: toldField(t, "discount", "What it takes off, in words: €30 off from €200.", describeDiscount),
    conditions: toldField(t, "conditions", ofWhichGoods, describeConditions),
    discount: t.field({ type: DiscountType, description: "The same for programs.", resolve: (template) => template }),
    threshold: t.field({
      type: MoneyType,
      description: "What the goods that count must cost at least.",
      resolve: from,
    }),
    currency: t.exposeString("currency", { description: "Of all its amounts, ISO 4217." }),
    opensAt: t.expose("opensAt", {
      type: "DateTime",
      nullable: true,
      description: "From when on it can be claimed; null: it always could be.",
    }),
    closesAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "Until when it can be claimed; null: no end is set.",
      resolve: claimsEnd,
    }),
    validFrom: t.expose("validFrom", {
      type: "DateTime",
      nullable: true,
      description: "From when on its coupons can be used; null: from when the member gets one.",
    }),
    validTo: t.expose("validTo", {
      type: "DateTime",
      nullable: true,
      description: "Until when its coupons can be used; null: see `validity`.",
    }),
    validity: t.field({
      type: ValidityType,
      description: "How long its coupons are good for, by name and in words.",
      resolve: (template) => template,
    }),
    validDays: t.int(validDaysField),
    activeUrl: t.exposeString("activeUrl", { nullable: true, description: "The shop's page about it, if it has one." }),
  }),
});

function from(template: CouponTemplate, _args: object, { ctx }: GraphqlContext): Money {
  return toldOnce(ctx, template, "threshold", () => ({ amount: thresholdOf(template), currency: template.currency }));
}
