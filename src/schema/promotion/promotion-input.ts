import type { PromotionDraft } from "../../promotion/promotion.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder, type Types } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const spend = (t: Fields) =>
  t.field({
    type: "BigInt",
    required: true,
    description: "Threshold: spend at least so much, in minor units, from 0.",
  });

const FullReductionTier = builder.inputType("FullReductionTier", {
  description: "An amount off from a threshold upwards.",
  fields: (t) => ({
    spend: spend(t),
    off: t.field({ type: "BigInt", required: true, description: "Taken off, in minor units, 1 to the threshold." }),
  }),
});
const DiscountTier = builder.inputType("DiscountTier", {
  description: "A share off from a threshold upwards.",
  fields: (t) => ({
    spend: spend(t),
    basisPointsOff: t.int({
      required: true,
      description: "Taken off, in hundredths of a per cent, 1–9999: 500 is 5 %.",
    }),
  }),
});
const CouponTier = builder.inputType("CouponTier", {
  description: "A coupon for an order from a threshold upwards.",
  fields: (t) => ({
    spend: spend(t),
    couponTemplateId: t.globalID({ for: CouponTemplateType, required: true, description: "The coupon's template." }),
  }),
});
const PointsTier = builder.inputType("PointsTier", {
  description: "Points for an order from a threshold upwards.",
  fields: (t) => ({
    spend: spend(t),
    points: t.int({ required: true, description: "Points given, 1–1,000,000,000." }),
  }),
});

export const RuleInput = builder.inputType("PromotionRuleInput", {
  description: "What a promotion gives: exactly one of these, 1–20 tiers by rising threshold.",
  isOneOf: true,
  fields: (t) => ({
    fullReduction: t.field({ type: [FullReductionTier], description: "Amounts off." }),
    discount: t.field({ type: [DiscountTier], description: "Shares off." }),
    coupon: t.field({ type: [CouponTier], description: "Coupons for the order." }),
    points: t.field({ type: [PointsTier], description: "Points for the order." }),
  }),
});

const kinds = [
  { field: "fullReduction", kind: "FULL_REDUCTION" },
  { field: "discount", kind: "DISCOUNT" },
  { field: "coupon", kind: "COUPON" },
  { field: "points", kind: "POINTS" },
] as const;

type Said = typeof RuleInput.$inferInput;

/** The rule in the domain's words. */
export function ruleOf(input: Said): PromotionDraft["rule"] {
  const { field, kind } = chosen(input);
  return { kind, tiers: (input[field] ?? []).map(tierOf) };
}

/** `rule.tiers.0.couponTemplate` is `rule.coupon.0.couponTemplateId` of the input. */
export function placeInRule(path: string, input: Said | null | undefined): string {
  const said = input ? path.replace(/^rule\.tiers\b/, `rule.${chosen(input).field}`) : path;
  return said.replace(/\.couponTemplate$/, ".couponTemplateId");
}

function chosen(input: Said) {
  const one = kinds.find(({ field }) => input[field]);
  if (!one) throw new Error("a @oneOf input came with nothing in it");
  return one;
}

interface Tier {
  readonly couponTemplateId?: { readonly id: string };
}

function tierOf({ couponTemplateId, ...tier }: Tier): unknown {
  const numbers = Object.entries(tier).map(([name, value]) => [name, Number(value)] as const);
  return { ...Object.fromEntries(numbers), ...(couponTemplateId && { couponTemplate: toRowId(couponTemplateId.id) }) };
}
