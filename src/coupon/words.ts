import { z } from "zod";
import { describeConditions, describeDiscount, figuresOf, offOf, thresholdOf } from "../discount/terms.ts";
import { type Language, languageOf } from "../language.ts";
import {
  endIn,
  endText,
  type Moment,
  momentIn,
  momentText,
  oncePerPlace,
  type Place,
  plainBlanks,
  spanTexts,
} from "../moment.ts";
import { numberText } from "../money.ts";
import type { CouponTemplate } from "./table.ts";
import { validityOf, validUntil } from "./template/validity.ts";
import { otherClock } from "./template/validity-words.ts";

/** What is told of a template's coupons, as it was when that was decided. Times are ms. */
export const CouponOffer = z.object({
  name: z.string(),
  kind: z.string(),
  params: z.unknown(),
  conditions: z.unknown(),
  currency: z.string(),
  opensAt: z.int().nullable(),
  closesAt: z.int().nullable(),
  validFrom: z.int().nullable(),
  validTo: z.int().nullable(),
  /** Days or hours for which one is good, counted from when one has it, where that is what is said. */
  validDays: z.int().nullable().default(null),
  validHours: z.int().nullable().default(null),
  /** By whose clock those days end, IANA. */
  dayZone: z.string().nullable().default(null),
  /** The shop's page about it. */
  activeUrl: z.string().nullable(),
});
export type CouponOffer = z.infer<typeof CouponOffer>;

/**
 * A template's offer in a shop's zone; where validity is counted from when one has it, that of a coupon given then
 * (ms), if that is said.
 */
export function offerOf(template: CouponTemplate, zone: string, givenAt?: number): CouponOffer {
  const validTo = givenAt === undefined ? template.validTo : validUntil(validityOf(template), givenAt, zone);
  return CouponOffer.parse({ ...template, validTo, dayZone: template.validDays === null ? null : zone });
}

/** What one member has of it, or could have; nothing where nothing is said. */
export interface CouponOfMember {
  readonly code?: string | null | undefined;
  /** Of the coupon that the member holds. */
  readonly validFrom?: number | null | undefined;
  readonly validTo?: number | null | undefined;
  /** How many are left; null where there is no end of them. */
  readonly remaining?: number | null | undefined;
  /** Where the member claims one. */
  readonly claimUrl?: string | undefined;
}

/** What a message says of a coupon; a text that says nothing is empty. */
export type CouponValues = Readonly<Record<CouponValue, string | Moment>>;
export type CouponValue =
  | ("name" | "worth" | "off" | "threshold" | "conditions" | "code" | "claimUrl" | "link")
  | ("validFrom" | "validUntil" | "validity" | "opensAt" | "closesAt" | "remaining");

/**
 * An offer as its reader is told of it: words in the house's language for the locale, figures and moments by the locale
 * itself, moments in the reader's zone. A coupon that is held says its own dates.
 */
export function couponValues(offer: CouponOffer, own: CouponOfMember, place: Place): CouponValues {
  const { validFrom, validTo, remaining } = own;
  const told: CouponValues = {
    ...offerValues(offer, place),
    code: own.code ?? "",
    claimUrl: own.claimUrl ?? "",
    remaining: remaining == null ? "" : plainBlanks(numberText(remaining, place.locale)),
    ...(validFrom !== undefined && { validFrom: momentIn(place, validFrom) }),
  };
  if (validTo === undefined) return told;
  return { ...told, validUntil: endIn(place, validTo), validity: validityIn(offer, validTo, place) };
}

/** What is the same for all who read it at one place. */
const offerValues = oncePerPlace((offer: CouponOffer, place: Place) => {
  const { locale } = place;
  const language = languageOf(locale);
  const amount = thresholdOf(offer);
  return {
    name: offer.name,
    worth: plainBlanks(describeDiscount(offer, language, locale)),
    off: plainBlanks(offOf(offer, locale)),
    threshold: amount > 0 ? plainBlanks(figuresOf(offer.currency, locale).money(amount)) : "",
    conditions: plainBlanks(describeConditions(offer, language, locale)),
    link: offer.activeUrl ?? "",
    validFrom: momentIn(place, offer.validFrom),
    validUntil: endIn(place, offer.validTo),
    validity: validityIn(offer, offer.validTo, place),
    opensAt: momentIn(place, offer.opensAt),
    closesAt: endIn(place, offer.closesAt),
  };
});

const validityWords = {
  en: {
    from: (begin: string) => `from ${begin}`,
    between: (begin: string, end: string) => `from ${begin} until ${end}`,
    until: (end: string) => `until ${end}`,
    days: (n: number) => `for ${n} ${n === 1 ? "day" : "days"} from when you get it`,
    today: "on the day on which you get it",
    hours: (n: number) => `for ${n} ${n === 1 ? "hour" : "hours"} from when you get it`,
  },
  zh: {
    from: (begin: string) => `${begin} 起`,
    between: (begin: string, end: string) => `${begin} 至 ${end}`,
    until: (end: string) => `截至 ${end}`,
    days: (n: number) => `领取后 ${n} 天内`,
    today: "领取当天",
    hours: (n: number) => `领取后 ${n} 小时内`,
  },
} as const satisfies Record<Language, unknown>;

/**
 * From when, where the shop set a time for it, and until when, or how long from then on that one has it; nothing where
 * it has neither.
 */
function validityIn(
  { validFrom, validDays, validHours, dayZone }: CouponOffer,
  validTo: number | null,
  place: Place,
): string {
  const say = validityWords[languageOf(place.locale)];
  if (validFrom !== null) {
    return validTo === null
      ? say.from(momentText(validFrom, place))
      : say.between(...spanTexts(validFrom, validTo, place));
  }
  if (validTo !== null) return say.until(endText(validTo, place));
  if (validDays !== null) return `${validDays === 0 ? say.today : say.days(validDays)}${otherClock(dayZone, place)}`;
  return validHours === null ? "" : say.hours(validHours);
}
