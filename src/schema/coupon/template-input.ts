import { codeModes, issueModes } from "../../coupon/table.ts";
import type { TemplateDraft } from "../../coupon/template/draft.ts";
import type { SaidDraft } from "../../coupon/template/said-draft.ts";
import { anyTime } from "../../coupon/template/validity.ts";
import type { AudienceInput } from "../kit/audience-filter.ts";
import { AudienceFilter, toFilter } from "../kit/audience-filter.ts";
import { builder, type Types } from "../kit/builder.ts";
import { type Choice, DiscountInput, discountOfInput, placeInDiscount } from "./discount-input.ts";
import { olderValidityFields, placeInOlderWords, ValidityInput, validityOfInput } from "./validity.ts";

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const issueModeWords: Readonly<Record<(typeof issueModes)[number], string>> = {
  SELF_CLAIM: "Members claim it.",
  SYSTEM: "The shop gives it: by `issueCoupon`, or by campaigns.",
  CODE: "Members redeem codes of its pools.",
};
export const IssueModeEnum = builder.enumType("CouponIssueMode", {
  description: "How members come by a coupon.",
  values: Object.fromEntries(issueModes.map((way) => [way, { value: way, description: issueModeWords[way] }])),
});

const codeWords: Readonly<Record<(typeof codeModes)[number], string>> = {
  NONE: "It has no code.",
  ON_CLAIM: "A code is made when it is given.",
  POOL: "It gets a code that was made or uploaded before: its stock is the number of codes.",
};
export const CodeModeEnum = builder.enumType("CouponCodeMode", {
  description: "Where a coupon's code comes from.",
  values: Object.fromEntries(codeModes.map((mode) => [mode, { value: mode, description: codeWords[mode] }])),
});

const NamesInput = builder.inputType("CouponNamesInput", {
  description: "Names that count, and names that do not; the latter win. At most 1,000 each.",
  fields: (t) => ({
    include: t.stringList({ description: "Only these count; all, where neither goods nor categories are included." }),
    exclude: t.stringList({ description: "These do not." }),
  }),
});

const ConditionsInput = builder.inputType("CouponConditionsInput", {
  description: "Which goods a coupon is good for, and from which amount.",
  fields: (t) => ({
    goods: t.field({ type: NamesInput, description: "Goods by the shop's ids." }),
    categories: t.field({ type: NamesInput, description: "Categories by the shop's ids." }),
    minimum: t.field({
      type: "BigInt",
      description: "What counts must cost at least so much after promotions, before coupons, in minor units.",
    }),
  }),
});

const GroupInput = builder.inputType("CouponGroupInput", {
  description: "A stacking group, and the place in it.",
  fields: (t) => ({
    name: t.string({ required: true, description: "Of one group at most one is used on a cart; 1–50 characters." }),
    order: t.int({ description: "Lower ones are applied earlier, −1,000,000–1,000,000; 0 unless given." }),
  }),
});

const StackingInput = builder.inputType("CouponStackingInput", {
  description: "Beside which others a coupon may be used: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    exclusive: t.boolean({ description: "`true`: beside none." }),
    group: t.field({ type: GroupInput, description: "Beside those of other groups." }),
  }),
});

const RecurrenceInput = builder.inputType("CouponRecurrenceInput", {
  description: "When a template opens again and again, each time with fresh stock.",
  fields: (t) => ({
    cron: t.string({
      required: true,
      description: "Minute, hour, day of the month, month, weekday, e.g. `0 10 * * *`.",
    }),
    zone: t.string({ required: true, description: "IANA name of the zone whose clock that is, e.g. `Europe/Berlin`." }),
    minutes: t.int({ required: true, description: "How long it is open each time, 1–44,640; closed before the next." }),
  }),
});

/** What can be said of a template, once and again, besides its name, discount and currency; nothing of it must be. */
export const draftFields = (t: Fields) => ({
  conditions: t.field({ type: ConditionsInput, description: "What it is good for; everything unless given." }),
  stacking: t.field({ type: StackingInput, description: "Beside which others; beside none unless given." }),
  issueMode: t.field({ type: IssueModeEnum, description: "How it is given; `SELF_CLAIM` unless given." }),
  codeMode: t.field({ type: CodeModeEnum, description: "Where its codes come from; `NONE` unless given." }),
  codePrefix: t.string({
    description:
      "Before codes that are made: at most 12 capital letters and digits; made of the name unless given, or of its " +
      "number where that has no letters.",
  }),
  eligibility: t.field({
    type: AudienceFilter,
    description: "Whom it is for, asked of the member when it is given; everyone unless given.",
  }),
  perMember: t.int({ description: "How many one member may have, 1–1,000; 1 unless given." }),
  stock: t.field({ type: "BigInt", description: "How many there are, from 1; unlimited unless given." }),
  budget: t.field({
    type: "BigInt",
    description: "What all of them may cost, in minor units; unlimited unless given. Needs a bounded discount.",
  }),
  opensAt: t.field({ type: "DateTime", description: "When claiming opens; at once unless given." }),
  closesAt: t.field({
    type: "DateTime",
    description: "When claiming ends, after it opens; when its coupons expire unless given.",
  }),
  validity: t.field({ type: ValidityInput, description: "How long its coupons are good for; for ever unless given." }),
  ...olderValidityFields(t),
  activeUrl: t.string({
    description:
      "Where a claim link leads, with its token as the parameter `claim`, for `claimByLink` there: http:// or " +
      "https://, at most 2,000 characters.",
  }),
  recurrence: t.field({ type: RecurrenceInput, description: "When it opens again and again; once unless given." }),
});

/** The shop that something new is made for. */
export const shopField = (t: Fields, unless: string) => ({
  shop: t.string({ description: `The number of the shop that it is made for, at most 60 characters; ${unless}.` }),
});

/** All that a template says: these three must be. */
export const wholeDraftFields = (t: Fields) => ({
  name: t.string({ required: true, description: "Its name, 1–200 characters." }),
  discount: t.field({ type: DiscountInput, required: true, description: "What its coupons take off." }),
  currency: t.string({ required: true, description: "ISO 4217, of all its amounts." }),
  ...shopField(t, "yours unless given, or of those who work for all of them the company's own"),
  ...draftFields(t),
});

export interface DraftShape {
  name?: string | null | undefined;
  currency?: string | null | undefined;
  discount?: Choice | null | undefined;
  conditions?: typeof ConditionsInput.$inferInput | null | undefined;
  stacking?: typeof StackingInput.$inferInput | null | undefined;
  eligibility?: AudienceInput | null | undefined;
  validity?: typeof ValidityInput.$inferInput | null | undefined;
  validTo?: unknown;
  validDays?: unknown;
  stock?: bigint | null | undefined;
  budget?: bigint | null | undefined;
  [simple: string]: unknown;
}

/** What null takes away; elsewhere it says nothing. */
const takenAway = ["opensAt", "closesAt", "validFrom", "validTo", "validDays", "activeUrl", "recurrence"];

/** What was said, in the domain's words. */
export function draftOfInput(input: DraftShape): SaidDraft<Partial<TemplateDraft>> {
  const { discount, conditions, stacking, eligibility, validity, stock, budget, ...simple } = input;
  const said = Object.entries(simple).filter(
    ([name, value]) => value !== undefined && (value !== null || takenAway.includes(name)),
  );
  return {
    ...Object.fromEntries(said),
    ...(discount && discountOfInput(discount)),
    ...(conditions && { conditions: conditionsOf(conditions) }),
    ...(stacking && { stacking: stackingOf(stacking) }),
    ...(eligibility !== undefined && { eligibility: eligibility && toFilter(eligibility, "eligibility") }),
    ...(validity !== undefined && { validity: validity ? validityOfInput(validity) : anyTime }),
    ...(stock !== undefined && { stock: numberOf(stock) }),
    ...(budget !== undefined && { budget: numberOf(budget) }),
  };
}

/** A draft as a whole: these three are always said. */
export function wholeDraft(input: DraftShape & { name: string; currency: string }): SaidDraft {
  const { name, currency } = input;
  return { kind: "", params: null, ...draftOfInput(input), name, currency };
}

/** A place in a draft as the input names it. */
export function placeInInput(path: string, input: DraftShape): string {
  const place = placeInDiscount(path, input.discount);
  return input.validity === undefined ? placeInOlderWords(place, input) : place;
}

export function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

function conditionsOf({ goods, categories, minimum }: typeof ConditionsInput.$inferInput) {
  return { goods: namesOf(goods), categories: namesOf(categories), minimum: Number(minimum ?? 0) };
}

function namesOf(names: typeof NamesInput.$inferInput | null | undefined) {
  return { include: names?.include ?? [], exclude: names?.exclude ?? [] };
}

function stackingOf({ group, exclusive }: typeof StackingInput.$inferInput) {
  return group ? { group: group.name, order: group.order ?? 0 } : { exclusive };
}
