import { type Language, languageOf } from "../../language.ts";
import { endText, momentText, type Place, spanTexts } from "../../moment.ts";
import { type ValidityColumns, validityOf } from "./validity.ts";

const endings: Readonly<Record<string, string>> = { one: "st", two: "nd", few: "rd" };
const ordinals = new Intl.PluralRules("en", { type: "ordinal" });

const words = {
  en: {
    always: "Valid for ever",
    until: (to: string) => `Valid until ${to}`,
    from: (from: string) => `Valid from ${from}`,
    between: (from: string, to: string) => `Valid from ${from} until ${to}`,
    days: (n: number) => {
      if (n === 0) return "Valid until the end of the day on which you get it";
      const nth = n === 1 ? "" : `${n}${endings[ordinals.select(n)] ?? "th"} `;
      return `Valid until the end of the ${nth}day after you get it`;
    },
    hours: (n: number) => `Valid for ${n} ${n === 1 ? "hour" : "hours"} from when you get it`,
    daysOfHours: (n: number) => `Valid for ${n} days (${n * 24} hours) from when you get it`,
  },
  zh: {
    always: "长期有效",
    until: (to: string) => `有效期至 ${to}`,
    from: (from: string) => `${from} 起可用`,
    between: (from: string, to: string) => `有效期 ${from} 至 ${to}`,
    days: (n: number) => (n === 0 ? "领取当天有效" : `有效期至领取后第${n}天结束`),
    hours: (n: number) => `领取后${n}小时内有效`,
    daysOfHours: (n: number) => `领取后${n}天（${n * 24}小时）内有效`,
  },
} as const satisfies Record<Language, unknown>;

const clocks = {
  en: (zone: string) => ` (by the clock in ${zone})`,
  zh: (zone: string) => `（以 ${zone} 时间为准）`,
} as const satisfies Record<Language, unknown>;

/** By whose clock days end, where that is not the reader's own: her day may be over hours later, or sooner. */
export function otherClock(zone: string | null, { locale, timeZone }: Place): string {
  return zone === null || zone === timeZone ? "" : clocks[languageOf(locale)](zone);
}

/**
 * How long a template's coupons are good for, whichever way that is promised, in a reader's language and zone; `zone`
 * is the shop's, where its days end.
 */
export function describeValidity(template: ValidityColumns, place: Place, zone: string): string {
  const say = words[languageOf(place.locale)];
  const validity = validityOf(template);
  if ("days" in validity) return `${say.days(validity.days)}${otherClock(zone, place)}`;
  if ("hours" in validity) {
    const { hours } = validity;
    return hours % 24 === 0 && hours >= 48 ? say.daysOfHours(hours / 24) : say.hours(hours);
  }
  const { from, to } = validity.window;
  if (from !== null)
    return to === null ? say.from(momentText(from, place)) : say.between(...spanTexts(from, to, place));
  return to === null ? say.always : say.until(endText(to, place));
}
