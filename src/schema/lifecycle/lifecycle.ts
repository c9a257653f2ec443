import { globalId } from "../../ids.ts";
import { type LifecyclePolicy, listPolicies, policiesById } from "../../lifecycle/policy.ts";
import { createPolicy, updatePolicy } from "../../lifecycle/save.ts";
import { type LifecycleKind, lifecycleKinds } from "../../lifecycle/table.ts";
import type { Fields } from "../campaign/draft-input.ts";
import { type PushSaid, pushFields, pushOf, pushTold } from "../campaign/standing-push.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { makersShop, newShopField, shopArgs, shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";

const viewers = { role: "viewer" } as const;
const approvers = { role: "approver" } as const;

const kindWords: Readonly<Record<LifecycleKind, string>> = {
  BIRTHDAY: "On her birthday; who was born on 29 February has it on the 28th in common years.",
  MEMBERSHIP_ENDS: "So many days before her membership ends.",
  COUPON_EXPIRES: "So many days before an unused coupon of hers expires.",
  INACTIVE: "So many days after she was last active.",
  REGISTERED: "So many days after she registered.",
};

const KindEnum = enumOf("LifecycleKind", "At which day a member is told.", lifecycleKinds, (kind) => kindWords[kind]);

const PolicyType = builder.node(builder.objectRef<LifecyclePolicy>("LifecyclePolicy"), {
  description: "What the shop says to each member at a day of her own, once an occasion, by her own clock.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => policiesById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    shop: t.exposeString("shop", { description: shopOfThing }),
    name: t.exposeString("name", { description: "Its name, 1–200 characters; its campaigns are called so." }),
    kind: t.expose("kind", { type: KindEnum, description: "At which day." }),
    days: t.exposeInt("days", { description: "So many days before or after; 0 of birthdays." }),
    hour: t.exposeInt("hour", { description: "From which hour on, 0–23, by the member's own clock." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether anybody is told." }),
    ...pushTold(t),
    couponTemplateId: t.id({
      nullable: true,
      description: "Of which coupons it brings one.",
      resolve: ({ push: { couponTemplate } }) =>
        couponTemplate === null ? null : globalId("CouponTemplate", couponTemplate),
    }),
    invite: t.boolean({
      description: "Whether the coupon is claimed by the member's own link, instead of given.",
      resolve: ({ push }) => push.invite,
    }),
    fault: t.exposeString("fault", { nullable: true, description: "Why nobody can be told at present." }),
    told: t.exposeInt("told", { description: "Occasions that members were told of." }),
    missed: t.exposeInt("missed", { description: "Occasions whose day passed while nobody looked." }),
    createdBy: t.exposeString("createdBy", { description: "Who made it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last changed." }),
    history: t.field(historyField("lifecycle-policy")),
  }),
});

connectionField("Query", "lifecyclePolicies", PolicyType, {
  description: "What members are told at days of their own, the oldest policy first.",
  scopes: viewers,
  args: (arg) => shopArgs(arg),
  cursor: ({ id }) => id,
  list: (ctx, { shop, after, limit }) => listPolicies(ctx, { shop: shop ?? undefined, after, limit }),
});

const said = (t: Fields) => ({
  name: t.string({ required: true, description: "Its name, 1–200 characters." }),
  days: t.int({ defaultValue: 0, description: "So many days before or after, 0–3,650; 0 of birthdays." }),
  hour: t.int({ defaultValue: 9, description: "From which hour on, 0–23, by the member's own clock." }),
  enabled: t.boolean({ defaultValue: true, description: "Whether anybody is told." }),
  ...pushFields(t, "lifecycle"),
  couponTemplateId: t.globalID({ for: CouponTemplateType, description: "Of which coupons it brings one; else none." }),
  invite: t.boolean({ defaultValue: false, description: "Whether she claims it by her own link, instead." }),
});

interface Said extends PushSaid {
  name: string;
  days?: number | null | undefined;
  hour?: number | null | undefined;
  enabled?: boolean | null | undefined;
  couponTemplateId?: { readonly id: string } | null | undefined;
  invite?: boolean | null | undefined;
}

function saidOf({ name, days, hour, enabled, couponTemplateId, invite, ...said }: Said) {
  const push = { ...pushOf(said), couponTemplate: rowOfInput(couponTemplateId) ?? null, invite: invite ?? false };
  return { name, days: days ?? 0, hour: hour ?? 9, enabled: enabled ?? true, push };
}

refusable("createLifecyclePolicy", {
  description:
    "Has each member told at a day of her own, once an occasion. It goes out without further approval, whatever the " +
    "number of members, so it takes an approver. Consent, caps and quiet hours hold.",
  scopes: approvers,
  result: PolicyType,
  refusals: { CONFLICT: true, RATE_LIMITED: true, TOO_COSTLY: true },
  input: (t) => ({
    kind: t.field({ type: KindEnum, required: true, description: "At which day." }),
    ...said(t),
    shop: newShopField(t, makersShop),
  }),
  resolve: ({ kind, shop, ...input }, ctx) => createPolicy(ctx, { kind, ...saidOf(input), shop: shop ?? undefined }),
});

refusable("updateLifecyclePolicy", {
  description:
    "Replaces all that a policy says, but for its kind. It counts for occasions that are not decided on yet; nobody " +
    "is told of one twice.",
  scopes: approvers,
  result: PolicyType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true },
  input: (t) => ({
    policyId: t.globalID({ for: PolicyType, required: true, description: "Which one." }),
    ...said(t),
  }),
  resolve: ({ policyId, ...input }, ctx) => updatePolicy(ctx, { id: toRowId(policyId.id), ...saidOf(input) }),
});
