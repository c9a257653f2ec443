import { describeConditions, describeDiscount, figuresOf } from "../discount/terms.ts";
import { type Language, languageOf } from "../language.ts";
import { endIn, type Moment, momentIn, momentText, type Place, plainBlanks, spanTexts } from "../moment.ts";
import { numberText } from "../money.ts";
import type { PromotionRule } from "./tier.ts";
import { type TierFigures, tierWords } from "./tier-words.ts";

/** What a promotion promises, as it was when that was decided. Times are ms. */
export type PromotionOffer = PromotionRule & {
  readonly name: string;
  readonly remark: string;
  readonly currency: string;
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** For which goods, and from which amount, as coupons have them. */
  readonly conditions?: unknown;
  /** Where it leads. */
  readonly activeUrl?: string | null;
  /** Of each tier, the coupon that it gives; null where it gives none. */
  readonly gifts?: readonly (Gift | null)[] | undefined;
};

/** A coupon that is given, as far as people are told of it. */
export interface Gift {
  readonly name: string;
  readonly kind: string;
  readonly params: unknown;
  readonly currency: string;
}

/** A tier for whoever makes sentences of it: what one spends, and what that gives, in figures. */
export type TierValues = Readonly<Record<"threshold" | "off" | "gift" | "points", string>>;

/** What a message says of a promotion; a text that says nothing is empty. */
export type PromotionValues = {
  readonly name: string;
  readonly remark: string;
  readonly startsAt: Moment | "";
  readonly endsAt: Moment | "";
  readonly window: string;
  readonly tiers: string;
  readonly worth: string;
  readonly conditions: string;
  readonly link: string;
  readonly steps: readonly TierValues[];
};

/**
 * A promotion as its reader is told of it: words in the house's language for the locale, figures and moments by the
 * locale itself, moments in the reader's zone.
 */
export function promotionValues(promotion: PromotionOffer, place: Place): PromotionValues {
  const { name, remark, startsAt, endsAt, kind, currency, conditions, activeUrl } = promotion;
  const language = languageOf(place.locale);
  const say = tierWords[language];
  const steps = stepsOf(promotion, place.locale);
  return {
    name,
    remark,
    startsAt: momentIn(place, startsAt),
    endsAt: endIn(place, endsAt),
    window: windowIn(language, promotion, place),
    tiers: steps.map((step) => say.tier(kind, step)).join(say.semicolon),
    worth: say.worth(kind, best(promotion, steps), steps.length > 1),
    conditions:
      conditions == null ? "" : plainBlanks(describeConditions({ conditions, currency }, language, place.locale)),
    link: activeUrl ?? "",
    steps: steps.map(({ threshold, off, gift, points }) => ({ threshold, off, gift, points })),
  };
}

/** From when until when, in a language. */
function windowIn(language: Language, { startsAt, endsAt }: PromotionOffer, place: Place): string {
  const { window } = tierWords[language];
  return endsAt === null ? window(momentText(startsAt, place)) : window(...spanTexts(startsAt, endsAt, place));
}

function stepsOf({ tiers, currency, gifts }: PromotionOffer, locale: string): TierFigures[] {
  const { money, shareText } = figuresOf(currency, locale);
  return tiers.map((tier, i) => {
    const gift = gifts?.[i] ?? null;
    const off = "off" in tier ? money(tier.off) : "basisPointsOff" in tier ? shareText(tier.basisPointsOff) : "";
    return {
      threshold: tier.spend > 0 ? plainBlanks(money(tier.spend)) : "",
      off: plainBlanks(off),
      basisPoints: "basisPointsOff" in tier ? tier.basisPointsOff : 0,
      gift: gift?.name ?? "",
      giftWorth: gift ? plainBlanks(describeDiscount(gift, languageOf(locale), locale)) : "",
      points: "points" in tier ? plainBlanks(numberText(tier.points, locale)) : "",
    };
  });
}

/** The step that gives most; of coupons, which cannot be held against each other, the last. */
function best({ tiers }: PromotionOffer, steps: readonly TierFigures[]): TierFigures {
  const size = (tier: PromotionRule["tiers"][number]) =>
    "off" in tier ? tier.off : "basisPointsOff" in tier ? tier.basisPointsOff : "points" in tier ? tier.points : 0;
  const most = tiers.reduce((top, tier, i) => (size(tier) >= size(tiers[top] ?? tier) ? i : top), 0);
  const [first] = steps;
  const found = steps[most] ?? first;
  if (!found) throw new Error("a promotion has a tier");
  return found;
}
