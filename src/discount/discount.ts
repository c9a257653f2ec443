import { z } from "zod";
import type { Language } from "../language.ts";

/** What a discount looks at: the lines that count for its coupon, in minor units. */
export interface CartPart {
  /** What they cost once the promotions were taken off, before any coupon. Thresholds are held against this. */
  readonly amount: number;
  /** What the coupons before this one have left of it. A discount takes from this, and never more than this. */
  readonly left: number;
}

/** How somebody reads figures: amounts (minor units), and shares in hundredths of a per cent. */
export interface Figures {
  readonly money: (amount: number) => string;
  readonly shareText: (basisPoints: number) => string;
}

/** How people are told: in which language, and how they read figures, which is by their own locale. */
export interface Words extends Figures {
  readonly language: Language;
}

/** A sentence in each language. */
export type InWords<Params> = Readonly<Record<Language, (params: Params, say: Figures) => string>>;

/** A kind of discount with the shape of its parameters. */
export interface Discount<Params> {
  readonly kind: string;
  readonly description: string;
  /** Whether it is used like money: such coupons come after all others, whatever their order says. */
  readonly isMoney?: boolean;
  readonly params: z.ZodType<Params>;
  /** It in words for people. */
  readonly describe: InWords<Params>;
  /** The figure alone, for whoever makes a sentence of it. */
  readonly off: (params: Params, say: Figures) => string;
  /** The most that one coupon can take off, in minor units; undefined where the cart alone bounds it. */
  maxDiscount(params: Params): number | undefined;
  /** What the lines must cost for it to take anything off, in minor units; 0 unless said. */
  threshold?(params: Params): number;
  /** What it takes off, in whole minor units from 0. More than is left is cut off by the caller. */
  apply(part: CartPart, params: Params): number;
}

/** A kind as others see it: the type of its parameters is sealed inside, and whatever is passed is checked. */
export interface DiscountKind {
  readonly kind: string;
  readonly description: string;
  readonly isMoney: boolean;
  /** What a template's `params` must fit. */
  readonly params: z.ZodType;
  /** It in words. Throws for parameters that do not fit, as all of these do. */
  describe(params: unknown, words: Words): string;
  /** The figure in it that people look at: an amount or a share. */
  off(params: unknown, say: Figures): string;
  /** The most that one coupon can take off, in minor units; undefined where the cart alone bounds it. */
  maxDiscount(params: unknown): number | undefined;
  /** What the lines must cost for it to take anything off, in minor units. */
  threshold(params: unknown): number;
  /** Its rule with these parameters: what it takes off, from 0 to what is left. */
  rule(params: unknown): DiscountRule;
}

/** What a coupon takes off a part of a cart, in whole minor units from 0 to what is left of it. */
export type DiscountRule = (part: CartPart) => number;

/** An amount of money in minor units; bounded so that whatever is computed of it stays exact. */
export const Minor = z.int().positive().max(1_000_000_000_000);

/** Makes a kind; a line in `index.ts` makes it known. */
export function defineDiscount<Params>(discount: Discount<Params>): DiscountKind {
  const { kind, description, params: schema, isMoney = false } = discount;
  return {
    kind,
    description,
    isMoney,
    params: schema,
    describe: (params, { language, ...say }) => discount.describe[language](schema.parse(params), say),
    off: (params, say) => discount.off(schema.parse(params), say),
    maxDiscount: (params) => discount.maxDiscount(schema.parse(params)),
    threshold: (params) => discount.threshold?.(schema.parse(params)) ?? 0,
    rule: (params) => {
      const checked = schema.parse(params);
      return (part) => Math.max(0, Math.min(discount.apply(part, checked), part.left));
    },
  };
}
