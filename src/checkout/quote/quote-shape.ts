import { z } from "zod";
import { unusableReasons } from "../refusals.ts";

/** Minor units. */
const amount = z.int().nonnegative();
const Share = z.object({ line: z.string(), discount: amount });

const Taken = z.object({
  discount: amount,
  /** What of it each line bears; adds up to it exactly. Lines that bear nothing are left out. */
  lines: z.array(Share),
});

/** A promotion that lowers the price. */
const AppliedPromotion = Taken.extend({ promotion: z.int(), name: z.string() });
/** A coupon that is used, at its turn. */
const AppliedCoupon = Taken.extend({ coupon: z.int(), template: z.int(), name: z.string() });

/** A coupon that is not used, and why. */
const LeftOut = z.object({
  coupon: z.int(),
  reason: z.enum(unusableReasons),
  /** BELOW_THRESHOLD: how much more the goods that count would have to cost, in minor units. */
  missing: amount.nullable(),
});

/** Why a promotion that acts does nothing for a cart. */
export const promotionReasons = [
  "OTHER_CURRENCY",
  "NOT_ELIGIBLE",
  "NO_GOODS",
  "BELOW_THRESHOLD",
  "NOTHING_LEFT",
  "EXCLUSIVE",
  "SAME_GROUP",
  "NOT_GIVEN",
] as const;

/** A promotion that acts, but not on this cart. */
const LeftOutPromotion = z.object({
  promotion: z.int(),
  name: z.string(),
  reason: z.enum(promotionReasons),
  /** BELOW_THRESHOLD: how much more the goods that count would have to cost, in minor units. */
  missing: amount.nullable().default(null),
});

/** A reward by its kind and terms; see `Reward`. */
const Gift = z.object({ kind: z.string(), terms: z.unknown() });

/** What a promotion gives for this order, besides its price. */
const Promised = z.object({
  promotion: z.int(),
  name: z.string(),
  reward: Gift,
  /** Ids of the lines whose payment counts. */
  lines: z.array(z.string()),
  /** What is given from which payment for them upwards, by rising threshold: to reckon it again. */
  tiers: z.array(z.object({ spend: amount, reward: Gift })),
});

/**
 * As quotes said it before anything was given: the shop read it and gave it itself. So it is told, and with no tier to
 * reach, given by nobody again.
 */
const Told = z
  .object({ promotion: z.int(), name: z.string(), couponTemplate: z.int().nullable(), points: z.int().nullable() })
  .transform(({ promotion, name, couponTemplate, points }): z.infer<typeof Promised> => {
    const reward =
      couponTemplate === null
        ? { kind: "POINTS", terms: { points } }
        : { kind: "COUPON", terms: { template: couponTemplate } };
    return { promotion, name, reward, lines: [], tiers: [] };
  });

const Earned = z.union([Promised, Told]);

const QuotedLine = z.object({
  id: z.string(),
  /** Unit price × quantity. */
  amount,
  promotions: amount,
  coupons: amount,
  /** amount − promotions − coupons. */
  pay: amount,
});

/** What a cart costs and why: goods − promotions − coupons = pay, for each line and in all, in minor units. */
export const Quote = z.object({
  currency: z.string(),
  /** What the lines cost before anything is taken off. */
  goods: amount,
  promotionDiscount: amount,
  couponDiscount: amount,
  pay: amount,
  /** In the order of the cart. */
  lines: z.array(QuotedLine),
  /** In the order in which they were applied. */
  promotions: z.array(AppliedPromotion),
  coupons: z.array(AppliedCoupon),
  /** By id. */
  leftOut: z.array(LeftOut),
  /** By id. Quotes that were agreed before say less of them, or nothing. */
  leftOutPromotions: z.array(LeftOutPromotion).default([]),
  earned: z.array(Earned),
  /** Whether every combination was looked at; false when there were too many, and a better one is possible. */
  isComplete: z.boolean(),
});
export type Quote = z.infer<typeof Quote>;
export type AppliedPromotion = z.infer<typeof AppliedPromotion>;
export type AppliedCoupon = z.infer<typeof AppliedCoupon>;
export type LeftOut = z.infer<typeof LeftOut>;
export type LeftOutPromotion = z.infer<typeof LeftOutPromotion>;
export type Earned = z.infer<typeof Earned>;
export type QuotedLine = z.infer<typeof QuotedLine>;
