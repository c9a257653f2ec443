import { z } from "zod";
import { issueCoupon } from "../../coupon/issue/issue-one.ts";
import { createTemplate, duplicateTemplate, updateTemplate } from "../../coupon/template/edit.ts";
import { activateTemplate } from "../../coupon/template/lifecycle.ts";
import { changeBudget, changeStock } from "../../coupon/template/stock-and-budget.ts";
import { refuse } from "../../errors.ts";
import type { Types } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { placed } from "../kit/placed.ts";
import { refusable } from "../kit/refusable.ts";
import { memberFields, memberKeyOf } from "../member/member-key.ts";
import { CouponType } from "./coupon.ts";
import { DiscountInput } from "./discount-input.ts";
import {
  draftFields,
  draftOfInput,
  numberOf,
  placeInInput,
  shopField,
  wholeDraft,
  wholeDraftFields,
} from "./template-input.ts";
import { CouponTemplateType } from "./template-type.ts";
import { ValidityInput, validityOfInput } from "./validity.ts";

const editors = { role: "editor" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const key = (t: Fields) => ({
  idempotencyKey: t.string({
    description: "Your name for this request, 1–200 characters: sent again within 48 h, it answers the same again.",
  }),
});

const which = (t: Fields) => ({
  templateId: t.globalID({ for: CouponTemplateType, required: true, description: "Which one." }),
});

/** What an operator's word on a template needs. */
export const command = (t: Fields) => ({
  ...which(t),
  reason: t.string({
    description: "Why, at most 500 characters; kept in its history.",
    validate: z.string().max(500, "is longer than 500 characters"),
  }),
  ...key(t),
});

interface Commanded {
  readonly templateId: { readonly id: string };
  readonly reason?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export const commandOf = ({ templateId, reason, idempotencyKey }: Commanded) => ({
  id: toRowId(templateId.id),
  reason: reason ?? undefined,
  idempotencyKey: idempotencyKey ?? undefined,
});

refusable("createCouponTemplate", {
  description: "Writes a coupon template down as a draft. See `estimateCouponTemplate` for what it would do.",
  scopes: editors,
  result: CouponTemplateType,
  refusals: { CONFLICT: true },
  input: (t) => ({ ...wholeDraftFields(t), ...key(t) }),
  resolve: async ({ idempotencyKey, ...input }, ctx) => {
    const made = await createTemplate(ctx, { draft: wholeDraft(input), idempotencyKey: idempotencyKey ?? undefined });
    return placed(made, (path) => placeInInput(path, input));
  },
});

refusable("updateCouponTemplate", {
  description:
    "Changes a template: what is left out stays, and so does its shop. A draft may become anything else; of a live " +
    "one only what claimants were not promised: name, audience, opening earlier, closing later, a higher limit; and " +
    "where its claim links lead, once a second person has approved of that (`approveCouponTemplate`).",
  scopes: editors,
  result: CouponTemplateType,
  refusals: { NEEDS_APPROVAL: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...which(t),
    name: t.string({ description: "Its new name, 1–200 characters." }),
    discount: t.field({ type: DiscountInput, description: "What its coupons take off from now on." }),
    currency: t.string({ description: "Its new currency, ISO 4217." }),
    ...draftFields(t),
  }),
  resolve: async ({ templateId, ...input }, ctx) => {
    const updated = await updateTemplate(ctx, { id: toRowId(templateId.id), draft: draftOfInput(input) });
    return placed(updated, (path) => placeInInput(path, input));
  },
});

refusable("duplicateCouponTemplate", {
  description: "Writes a draft that says what another template says; its coupons will be its own.",
  scopes: editors,
  result: CouponTemplateType,
  refusals: { CONFLICT: true, NOT_FOUND: true },
  input: (t) => ({
    ...which(t),
    name: t.string({ description: "Its name, 1–200 characters; the same unless given." }),
    ...shopField(t, "the same unless given"),
    ...key(t),
  }),
  resolve: ({ templateId, name, shop, idempotencyKey }, ctx) =>
    duplicateTemplate(ctx, {
      id: toRowId(templateId.id),
      name: name ?? undefined,
      shop: shop ?? undefined,
      idempotencyKey: idempotencyKey ?? undefined,
    }),
});

refusable("activateCouponTemplate", {
  description:
    "Puts a draft in offer: claims are let in from its opening on. See `simulateCouponTemplate` first. One that " +
    "gives more than one person may decide on needs a second one: `approveCouponTemplate`.",
  scopes: editors,
  result: CouponTemplateType,
  refusals: { CONFLICT: true, NEEDS_APPROVAL: true, NOT_FOUND: true, WRONG_STATE: true },
  input: command,
  resolve: (input, ctx) => activateTemplate(ctx, commandOf(input)),
});

refusable("changeCouponStock", {
  description:
    "Sets how many coupons of a template there are in all, live or not: never below those issued. Raising it opens " +
    "at once what was sold out.",
  scopes: editors,
  result: CouponTemplateType,
  refusals: { CONFLICT: true, NEEDS_APPROVAL: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...command(t),
    stock: t.field({ type: "BigInt", description: "From 1; null: unlimited. It must be said." }),
  }),
  resolve: (input, ctx) => {
    if (input.stock === undefined) return unsaid("stock");
    return changeStock(ctx, { ...commandOf(input), stock: numberOf(input.stock) });
  },
});

refusable("changeCouponBudget", {
  description:
    "Sets what the coupons of a template may cost in all, live or not: never below what is reserved and spent.",
  scopes: editors,
  result: CouponTemplateType,
  refusals: { CONFLICT: true, NEEDS_APPROVAL: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...command(t),
    budget: t.field({ type: "BigInt", description: "Minor units from 1; null: unlimited. It must be said." }),
  }),
  resolve: (input, ctx) => {
    if (input.budget === undefined) return unsaid("budget");
    return changeBudget(ctx, { ...commandOf(input), budget: numberOf(input.budget) });
  },
});

function unsaid(path: string) {
  return refuse.invalid([{ path, message: "say a number, or null for unlimited" }]);
}

refusable("issueCoupon", {
  description:
    "Gives coupons of a SYSTEM template to a member: one, or as many as are asked for, or none. Answers the first; " +
    "`Coupon.givenTogether` are all. Durable when it answers; the same key gives the same again.",
  scopes: { role: "editor", service: "orders:write" },
  result: CouponType,
  refusals: {
    CONFLICT: true,
    ENDED: true,
    LIMIT_REACHED: true,
    NOT_ELIGIBLE: true,
    NOT_FOUND: true,
    NOT_STARTED: true,
    SOLD_OUT: true,
    WRONG_STATE: true,
  },
  input: (t) => ({
    templateId: t.globalID({ for: CouponTemplateType, required: true, description: "Of which template." }),
    ...memberFields(t),
    quantity: t.int({ description: "How many, 1–100; one unless given." }),
    validity: t.field({
      type: ValidityInput,
      description: "How long they are good for; as the template has it unless given.",
    }),
    source: t.string({
      description:
        "What they are given for, for people: `trigger/…`, `order/…`, `campaign/…` or `person/…`, at most 300 " +
        "characters. Of an operator `person/…` with the operator's name unless given.",
    }),
    idempotencyKey: t.string({ required: true, description: "Your name for this one gift, 1–200 characters." }),
  }),
  resolve: ({ templateId, idempotencyKey, quantity, validity, source, ...member }, ctx) =>
    issueCoupon(ctx, {
      template: toRowId(templateId.id),
      member: memberKeyOf(member),
      idempotencyKey,
      quantity: quantity ?? undefined,
      validity: validity ? validityOfInput(validity) : undefined,
      source: source ?? undefined,
    }),
});
