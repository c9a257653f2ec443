import { tenths } from "../discount/kind/percent.ts";
import type { Language } from "../language.ts";
import type { PromotionKind } from "./tier.ts";

/** A tier in figures, as the reader writes them; what it does not give is empty. */
export interface TierFigures {
  readonly threshold: string;
  readonly off: string;
  /** Hundredths of a per cent off, for those who say what is left to pay. */
  readonly basisPoints: number;
  /** What its coupon is called, and what that is worth. */
  readonly gift: string;
  readonly giftWorth: string;
  readonly points: string;
}

interface TierWords {
  readonly semicolon: string;
  /** All of a tier. */
  tier(kind: PromotionKind, tier: TierFigures): string;
  /** What the best tier gives, without its threshold. */
  worth(kind: PromotionKind, best: TierFigures, isOneOfMany: boolean): string;
  window(from: string, until?: string): string;
}

/** Promotions in the house's languages. */
export const tierWords: Readonly<Record<Language, TierWords>> = {
  en: {
    semicolon: "; ",
    tier: (kind, tier) => {
      const worth = tier.giftWorth && ` (${tier.giftWorth})`;
      return `${inEnglish(kind, tier)}${worth}${tier.threshold && ` from ${tier.threshold}`}`;
    },
    worth: (kind, best, isOneOfMany) => `${isOneOfMany && kind !== "COUPON" ? "up to " : ""}${inEnglish(kind, best)}`,
    window: (from, until) => `from ${from}${until === undefined ? "" : ` until ${until}`}`,
  },
  zh: {
    semicolon: "；",
    tier: (kind, tier) => {
      const worth = tier.giftWorth && `（${tier.giftWorth}）`;
      return `${tier.threshold && `满${tier.threshold}`}${inChinese(kind, tier, tier.threshold !== "")}${worth}`;
    },
    worth: (kind, best, isOneOfMany) => {
      if (!isOneOfMany || kind === "COUPON") return inChinese(kind, best, false);
      if (kind === "DISCOUNT") return `低至${tenths(best.basisPoints)}`;
      return kind === "POINTS" ? `最高送${best.points}积分` : `最高减${best.off}`;
    },
    window: (from, until) => (until === undefined ? `${from} 起` : `${from} 至 ${until}`),
  },
};

function inEnglish(kind: PromotionKind, { off, gift, points }: TierFigures): string {
  switch (kind) {
    case "FULL_REDUCTION":
    case "DISCOUNT":
      return `${off} off`;
    case "COUPON":
      return gift ? `a coupon "${gift}"` : "a coupon";
    case "POINTS":
      return `${points} ${points === "1" ? "point" : "points"}`;
  }
}

/** After a threshold, one says less: 满200减30, but 立减30. */
function inChinese(kind: PromotionKind, { off, gift, points, basisPoints }: TierFigures, isAfter: boolean): string {
  switch (kind) {
    case "FULL_REDUCTION":
      return isAfter ? `减${off}` : `立减${off}`;
    case "DISCOUNT":
      return isAfter ? `打${tenths(basisPoints)}` : tenths(basisPoints);
    case "COUPON":
      return gift ? `送优惠券「${gift}」` : "送优惠券";
    case "POINTS":
      return `送${points}积分`;
  }
}
