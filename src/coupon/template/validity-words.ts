import type { Context } from "../../context.ts";
import type { Language } from "../../language.ts";
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
    until: (to: string) => `有效期至${to}`,
    from: (from: string) => `${from}起可用`,
    between: (from: string, to: string) => `有效期${from}至${to}`,
    days: (n: number) => (n === 0 ? "领取当天有效" : `有效期至领取后第${n}天结束`),
    hours: (n: number) => `领取后${n}小时内有效`,
    daysOfHours: (n: number) => `领取后${n}天（${n * 24}小时）内有效`,
  },
} as const satisfies Record<Language, unknown>;

/** How long a template's coupons are good for, whichever way that is promised, by the shop's clock. */
export function describeValidity(ctx: Context, language: Language, template: ValidityColumns): string {
  const say = words[language];
  const validity = validityOf(template);
  if ("days" in validity) return say.days(validity.days);
  if ("hours" in validity) {
    const { hours } = validity;
    return hours % 24 === 0 && hours >= 48 ? say.daysOfHours(hours / 24) : say.hours(hours);
  }
  const { from, to } = validity.window;
  const [begin, end] = [from, to].map((at) => (at === null ? "" : inWords(ctx, language, at)));
  if (begin && end) return say.between(begin, end);
  return begin ? say.from(begin) : end ? say.until(end) : say.always;
}

/** A moment (ms) in words, by the shop's clock. */
export function inWords({ settings }: Context, language: Language, at: number): string {
  const format = { dateStyle: "long", timeStyle: "short", timeZone: settings.shopTimeZone } as const;
  return new Intl.DateTimeFormat(language, format).format(at);
}
