import { expect } from "bun:test";

export const zones = ["Asia/Shanghai", "Europe/Berlin", "America/New_York"] as const;
export type Zone = (typeof zones)[number];
export type Locale = "zh-CN" | "en" | "de";
export type Currency = "EUR" | "JPY" | "KWD";

const at = (text: string) => Date.parse(text);
export const [starts, opens] = [at("2026-10-20T08:00Z"), at("2026-12-01T08:00Z")];
export const [closes, ends] = [at("2026-12-24T22:59Z"), at("2026-12-31T22:59Z")];

/** How amounts are written of 3,000 from 20,000, and of 30,050 from 1,234,500 minor units; and a number. */
const figures: Readonly<Record<Locale, Readonly<Record<Currency, readonly string[]>> & { readonly n: string }>> = {
  "zh-CN": {
    EUR: ["€30", "€200", "€300.50", "€12,345"],
    JPY: ["JP¥3,000", "JP¥20,000", "JP¥30,050", "JP¥1,234,500"],
    KWD: ["KWD 3", "KWD 20", "KWD 30.050", "KWD 1,234.500"],
    n: "1,234",
  },
  en: {
    EUR: ["€30", "€200", "€300.50", "€12,345"],
    JPY: ["¥3,000", "¥20,000", "¥30,050", "¥1,234,500"],
    KWD: ["KWD 3", "KWD 20", "KWD 30.050", "KWD 1,234.500"],
    n: "1,234",
  },
  de: {
    EUR: ["30 €", "200 €", "300,50 €", "12.345 €"],
    JPY: ["3.000 ¥", "20.000 ¥", "30.050 ¥", "1.234.500 ¥"],
    KWD: ["3 KWD", "20 KWD", "30,050 KWD", "1.234,500 KWD"],
    n: "1.234",
  },
};

/** The four moments above: in October New York and Berlin have summer time. */
const moments: Readonly<Record<Locale, Readonly<Record<Zone, readonly string[]>>>> = {
  "zh-CN": {
    "Asia/Shanghai": [
      "2026年10月20日 16:00",
      "2026年12月1日 16:00 GMT+8",
      "2026年12月25日 06:59 GMT+8",
      "2027年1月1日 06:59 GMT+8",
    ],
    "Europe/Berlin": [
      "2026年10月20日 10:00 GMT+2",
      "2026年12月1日 09:00 GMT+1",
      "2026年12月24日 23:59 GMT+1",
      "2026年12月31日 23:59 GMT+1",
    ],
    "America/New_York": [
      "2026年10月20日 04:00 GMT-4",
      "2026年12月1日 03:00 GMT-5",
      "2026年12月24日 17:59 GMT-5",
      "2026年12月31日 17:59 GMT-5",
    ],
  },
  en: {
    "Asia/Shanghai": [
      "October 20, 2026 at 4:00 PM",
      "December 1, 2026 at 4:00 PM GMT+8",
      "December 25, 2026 at 6:59 AM GMT+8",
      "January 1, 2027 at 6:59 AM GMT+8",
    ],
    "Europe/Berlin": [
      "October 20, 2026 at 10:00 AM GMT+2",
      "December 1, 2026 at 9:00 AM GMT+1",
      "December 24, 2026 at 11:59 PM GMT+1",
      "December 31, 2026 at 11:59 PM GMT+1",
    ],
    "America/New_York": [
      "October 20, 2026 at 4:00 AM EDT",
      "December 1, 2026 at 3:00 AM EST",
      "December 24, 2026 at 5:59 PM EST",
      "December 31, 2026 at 5:59 PM EST",
    ],
  },
  de: {
    "Asia/Shanghai": [
      "20. Oktober 2026 um 16:00",
      "1. Dezember 2026 um 16:00 GMT+8",
      "25. Dezember 2026 um 06:59 GMT+8",
      "1. Januar 2027 um 06:59 GMT+8",
    ],
    "Europe/Berlin": [
      "20. Oktober 2026 um 10:00 MESZ",
      "1. Dezember 2026 um 09:00 MEZ",
      "24. Dezember 2026 um 23:59 MEZ",
      "31. Dezember 2026 um 23:59 MEZ",
    ],
    "America/New_York": [
      "20. Oktober 2026 um 04:00 GMT-4",
      "1. Dezember 2026 um 03:00 GMT-5",
      "24. Dezember 2026 um 17:59 GMT-5",
      "31. Dezember 2026 um 17:59 GMT-5",
    ],
  },
};

/** What the sentences are, of amounts and moments: the house's words are English but for Chinese. */
const english = {
  worth: (off: string, from: string) => `${off} off from ${from}`,
  tiers: (a: string, b: string) => `${a}; ${b}`,
  most: (off: string) => `up to ${off} off`,
  window: (from: string, until: string) => `from ${from} until ${until}`,
  not: "not for categories sale",
  only: "for categories tea",
};
const sentences: Readonly<Record<Locale, typeof english>> = {
  en: english,
  de: english,
  "zh-CN": {
    worth: (off, from) => `满${from}减${off}`,
    tiers: (a, b) => `${a}；${b}`,
    most: (off) => `最高减${off}`,
    window: (from, until) => `${from} 至 ${until}`,
    not: "不含类目 sale",
    only: "仅限类目 tea",
  },
};
export const locales = Object.keys(figures) as Locale[];
export const currencies = ["EUR", "JPY", "KWD"] as const;

/** What each must say to somebody of a locale in a zone. */
export function expected(locale: Locale, currency: Currency, zone: Zone, seq: number) {
  const [off1 = "", from1 = "", off = "", from = ""] = figures[locale][currency];
  const [start = "", open = "", close = "", end = ""] = moments[locale][zone];
  const say = sentences[locale];
  const url = (path: string) => expect.stringMatching(new RegExp(`^http://127.0.0.1/${path}/[\\w.-]+$`));
  const coupon = {
    ...{ name: "Ten <off>", worth: say.worth(off, from), off, threshold: from, conditions: say.not },
    ...{ code: `TEN-${currency}-${seq}`, link: "https://shop.example/ten?a=1&b=2", claimUrl: url("c") },
    ...{
      validFrom: open,
      validUntil: end,
      // Both are in winter: the zone is named once.
      validity: say.window(open.replace(/ \S+$/, ""), end),
      opensAt: open,
      closesAt: close,
      remaining: figures[locale].n,
    },
  };
  const advent = {
    ...{ name: "Advent", remark: "In the app.", conditions: say.only, link: "https://shop.example/advent" },
    ...{ tiers: say.tiers(say.worth(off1, from1), say.worth(off, from)), worth: say.most(off) },
    ...{ startsAt: zone === "Asia/Shanghai" ? `${start} GMT+8` : start, endsAt: end, window: say.window(start, end) },
    steps: `${from1}: ${off1}, ${from}: ${off}`,
  };
  const member = {
    ...{ id: `m_${seq}`, externalId: `x${seq}`, name: "Kim Lee", email: `u${seq}@shop.test`, locale, timeZone: zone },
    ...{ level: "3", points: "1200", totalSpend: "45900", accountType: "personal", birthday: "1990-05-17" },
    "attributes.<name>": "Graz",
  };
  const all = { coupon, promotion: advent, member, campaign: { name: "Spring" }, shop: { name: "Test shop" } };
  const named = Object.entries(all).flatMap(([root, values]) =>
    Object.entries<unknown>(values).map(([name, value]) => [`${root}.${name}`, value]),
  );
  return { ...Object.fromEntries(named), unsubscribeUrl: url("u") };
}
