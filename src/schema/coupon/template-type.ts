import { couponConservation } from "../../coupon/gate/conservation.ts";
import { type CouponTemplate, templateStates } from "../../coupon/table.ts";
import { boundsOf, occurrencesAfter, type Recurrence, recurrenceOf } from "../../coupon/template/occurrence.ts";
import { couponStatistics } from "../../coupon/template/statistics.ts";
import { takeBackOf } from "../../coupon/template/take-back.ts";
import { countTemplates, listOccurrences, listTemplates, templatesById } from "../../coupon/template/template.ts";
import { describeConditions } from "../../discount/terms.ts";
import { fromFilter } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { listArgs, listedOf } from "../kit/list-order.ts";
import { languageArg, maybeMoney, toldIn } from "../kit/money.ts";
import { historyField } from "../transition/history.ts";
import { DiscountType } from "./discount-input.ts";
import { ConservationType, OccurrenceType, StatisticsType, TakeBackType } from "./template-figures.ts";
import { CodeModeEnum, IssueModeEnum } from "./template-input.ts";
import { ValidityType, validDaysField } from "./validity.ts";

const viewers = { role: "viewer" } as const;

const stateWords: Readonly<Record<(typeof templateStates)[number], string>> = {
  DRAFT: "Being written; nothing is given.",
  ACTIVE: "In offer, from its opening on.",
  SOLD_OUT: "Nothing is left of its stock or budget; it opens again when there is.",
  ENDED: "Its window is over, or an operator ended it; coupons that members hold stay good.",
  WITHDRAWN: "An operator took it out of offer, perhaps with the coupons that were unused.",
};

export const TemplateStateEnum = enumOf(
  "CouponTemplateState",
  "Where a coupon template is in its life.",
  templateStates,
  (state) => stateWords[state],
);

const RecurrenceType = builder.objectRef<Recurrence>("CouponRecurrence").implement({
  description: "When a template opens again and again, each time with fresh stock.",
  authScopes: viewers,
  fields: (t) => ({
    cron: t.exposeString("cron", { description: "Minute, hour, day of the month, month, weekday." }),
    zone: t.exposeString("zone", { description: "IANA name of the zone whose clock that is." }),
    minutes: t.exposeInt("minutes", { description: "How long it is open each time, 1–44,640." }),
  }),
});

/** Enough to plan a month of daily sales. */
const maxPreviewed = 31;

const amount = { type: "BigInt", nullable: true } as const;
const moment = { type: "DateTime", nullable: true } as const;

export const CouponTemplateType = builder.node(builder.objectRef<CouponTemplate>("CouponTemplate"), {
  description: "What coupons of one kind promise, to whom, and how many there are.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => templatesById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    number: t.exposeInt("id", { description: "Its number, as logs and metrics name it." }),
    name: t.exposeString("name", { description: "Its name, 1–200 characters." }),
    shop: t.exposeString("shop", { description: "The shop's number; empty: the platform's own." }),
    state: t.expose("state", { type: TemplateStateEnum, description: "Where it is in its life." }),
    discount: t.field({ type: DiscountType, description: "What a coupon takes off.", resolve: (template) => template }),
    currency: t.exposeString("currency", { description: "ISO 4217." }),
    conditions: t.expose("conditions", { type: "JSON", description: "What it is good for, by the shop's own ids." }),
    conditionsInWords: t.string({
      description: "The same in words; empty: for everything.",
      args: { language: t.arg.string({ description: languageArg }) },
      resolve: (template, { language }, { ctx }) => describeConditions(template, toldIn(ctx, language)),
    }),
    stacking: t.expose("stacking", {
      type: "JSON",
      description: "`{ exclusive: true }`, or `{ group, order }`: of one group at most one is used on a cart.",
    }),
    issueMode: t.expose("issueMode", { type: IssueModeEnum, description: "How members come by it." }),
    codeMode: t.expose("codeMode", { type: CodeModeEnum, description: "Where its codes come from." }),
    codePrefix: t.exposeString("codePrefix", { description: "Before codes that are made; at most 12 characters." }),
    eligibility: t.field({
      type: "JSON",
      nullable: true,
      description: "Whom it is for, in the form of `AudienceFilter`; null: everyone.",
      resolve: ({ eligibility }) => eligibility && fromFilter(eligibility),
    }),
    perMember: t.exposeInt("perMember", { description: "How many one member may have, 1–1,000." }),
    stock: t.expose("stock", { ...amount, description: "How many there are; null: unlimited." }),
    issued: t.expose("issued", { type: "BigInt", description: "How many were given." }),
    budget: maybeMoney(t, "What all of them may cost; null: unlimited.", ({ budget }) => budget),
    maxDiscount: maybeMoney(
      t,
      "What one can cost at most; null: only the cart bounds it.",
      ({ maxDiscount }) => maxDiscount,
    ),
    opensAt: t.expose("opensAt", { ...moment, description: "When claiming opens; null: at once." }),
    closesAt: t.expose("closesAt", {
      ...moment,
      description: "When claiming ends, if its coupons have not expired by then; null: when these do.",
    }),
    activeUrl: t.exposeString("activeUrl", { nullable: true, description: "Where a claim link leads." }),
    createdBy: t.exposeString("createdBy", { description: "Who wrote it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was written." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it, or its state, last changed." }),
  }),
});

builder.objectFields(CouponTemplateType, (t) => ({
  validFrom: t.expose("validFrom", { ...moment, description: "From when on coupons can be used; null: at once." }),
  validTo: t.expose("validTo", { ...moment, description: "Until when; null: see `validity`." }),
  validity: t.field({
    type: ValidityType,
    description: "How long its coupons are good for, by name.",
    resolve: (template) => template,
  }),
  validDays: t.int(validDaysField),
}));

builder.objectFields(CouponTemplateType, (t) => ({
  recurrence: t.field({
    type: RecurrenceType,
    nullable: true,
    description: "When it opens again and again; null: it does not.",
    resolve: (template) => recurrenceOf(template),
  }),
  nextOccurrences: t.field({
    type: [OccurrenceType],
    description: "When it opens next; empty for what does not recur.",
    complexity: { field: 1, multiplier: 5 },
    args: { first: t.arg.int({ description: `How many, 1–${maxPreviewed}; 5 unless given.` }) },
    resolve: (template, { first }, { ctx }) => {
      const recurrence = recurrenceOf(template);
      const n = Math.max(1, Math.min(first ?? 5, maxPreviewed));
      return recurrence ? occurrencesAfter(recurrence, boundsOf(template), ctx.clock(), n) : [];
    },
  }),
  history: t.field(historyField("coupon-template")),
  statistics: t.field({
    type: StatisticsType,
    description: "What became of its coupons.",
    complexity: 5,
    resolve: async ({ id }, _args, { ctx }) => orGone(await couponStatistics(ctx, id)),
  }),
  takeBack: t.field({
    type: TakeBackType,
    nullable: true,
    description: "How far taking back its unused coupons is; null: nobody asked for it.",
    resolve: ({ id }, _args, { ctx }) => takeBackOf(ctx, id),
  }),
}));

function orGone<T>(figures: T | undefined): T {
  if (figures === undefined) throw new Error("a coupon template is gone while it is read");
  return figures;
}

connectionField(CouponTemplateType, "occurrences", CouponTemplateType, {
  description: "The times that it was or will be open, as templates with stock of their own, the latest first.",
  scopes: viewers,
  cursor: ({ occursAt }) => occursAt ?? 0,
  list: (ctx, page, { id }) => listOccurrences(ctx, { ...page, recurringTemplate: id }),
});

connectionField("Query", "couponTemplates", CouponTemplateType, {
  description: "Coupon templates; occurrences of those that recur are found there.",
  scopes: viewers,
  args: (arg) => ({
    state: arg({ type: TemplateStateEnum, description: "Only those in this state." }),
    shop: arg.string({ description: "Only those of this shop; empty: the platform's own." }),
    ...listArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { state, shop, after, limit, ...listed }) =>
    listTemplates(ctx, { ...listedOf(listed), after, limit, state: state ?? undefined, shop: shop ?? undefined }),
  count: (ctx, { state, shop, ...listed }) =>
    countTemplates(ctx, { ...listedOf(listed), state: state ?? undefined, shop: shop ?? undefined }),
});

const whichOne = { for: CouponTemplateType, required: true, description: "Which one." } as const;

builder.queryFields((t) => ({
  couponTemplate: t.field({
    type: CouponTemplateType,
    nullable: true,
    description: "A coupon template; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID(whichOne) },
    resolve: async (_root, { id }, { ctx }) => (await templatesById(ctx, [toRowId(id.id)]))[0],
  }),
  couponConservation: t.field({
    type: ConservationType,
    nullable: true,
    description: "Whether a template's stock is where it should be; null when there is none of this id.",
    authScopes: viewers,
    complexity: 5,
    args: { templateId: t.arg.globalID(whichOne) },
    resolve: (_root, { templateId }, { ctx }) => couponConservation(ctx, toRowId(templateId.id)),
  }),
}));
