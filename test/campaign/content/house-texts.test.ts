import { afterAll, beforeAll, expect, test } from "bun:test";
import { contentIssues } from "../../../src/campaign/content/content-issues.ts";
import { houseContent } from "../../../src/campaign/content/house-texts.ts";
import { type HousePurpose, housePurposes } from "../../../src/campaign/content/house-words.ts";
import { contentPurposes } from "../../../src/campaign/content/purposes.ts";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { renderParts, templatesOf } from "../../../src/campaign/content/rendition.ts";
import type { OfferScope } from "../../../src/campaign/content/template.ts";
import { commonVariables, exampleScope } from "../../../src/campaign/content/variables.ts";
import { type ChannelName, channelNames } from "../../../src/channels/catalog.ts";
import { type CouponOffer, couponValues } from "../../../src/coupon/words.ts";
import { promotionValues } from "../../../src/promotion/words.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(closeLedgers);

const at = (text: string) => Date.parse(text);
const coupon: CouponOffer = {
  ...{ name: "New <Year>", kind: "FULL_REDUCTION", params: { spend: 20_000, off: 3_000 }, currency: "EUR" },
  conditions: { categories: { exclude: ["sale"] } },
  ...{ opensAt: at("2026-12-01T08:00Z"), closesAt: null, validFrom: null, validTo: at("2026-12-31T22:59Z") },
  ...{ validDays: null, validHours: null, dayZone: null, activeUrl: "https://shop.example/?a=1&b=2" },
};
const bare: CouponOffer = { ...coupon, conditions: {}, validTo: null, activeUrl: null };
const advent = {
  ...{ name: "Advent", remark: "In the app.", kind: "COUPON" as const, currency: "EUR", conditions: null },
  tiers: [{ spend: 5_000, couponTemplate: 1 }],
  gifts: [coupon],
  ...{ startsAt: at("2026-12-01T08:00Z"), endsAt: at("2026-12-31T22:59Z"), activeUrl: "https://shop.example/advent" },
};

/** What the house says to somebody in Berlin. */
async function told(
  purpose: HousePurpose,
  channel: ChannelName,
  locale: string,
  { name = "Kim", offer = coupon, promotion = advent } = {},
) {
  const place = { locale, timeZone: "Europe/Berlin" };
  const own = { code: "TEN-7", claimUrl: "https://f.example/c/1", remaining: 1_234 };
  const validTo = purpose === "EXPIRY" ? coupon.validTo : null;
  const mine = offer === bare ? { claimUrl: own.claimUrl, validTo } : own;
  const coupons = { coupon: couponValues(offer, mine, place) };
  const what: OfferScope = purpose === "PROMOTION" ? { promotion: promotionValues(promotion, place) } : coupons;
  const common = exampleScope(commonVariables);
  const scope = { ...common, ...what, member: { ...common.member, name } };
  const templates = templatesOf(houseContent(purpose, [channel]), channel)(locale);
  const to = { locale, phone: null, transactional: false };
  const { parts, faults } = await renderParts(ledger.ctx, templates, { channel, scope, budget: readerBudget(), to });
  expect(faults).toEqual([]);
  return parts;
}

test.each(housePurposes)(
  "the house's texts for %s are right on every channel, with and without what may lack",
  async (purpose) => {
    const { variables } = contentPurposes[purpose];
    const content = houseContent(purpose, channelNames);
    expect(await contentIssues(ledger.ctx, content, channelNames, { ...commonVariables, ...variables })).toEqual([]);
    for (const channel of channelNames) {
      for (const locale of ["en", "zh-CN"]) {
        for (const lacks of [{}, { name: "", offer: bare }]) {
          const parts = await told(purpose, channel, locale, lacks);
          // Nothing is left of what was not there: no empty brackets, blanks before signs, words that lead nowhere.
          for (const text of Object.values(parts)) expect(text).not.toMatch(/\(\)|（）| [.,]|[:：] *$|undefined|null/m);
          if (channel !== "PUSH") expect(Object.values(parts).join("\n")).toMatch(/€30|1,234|Ten off/);
        }
      }
    }
  },
);

test("an announcement, an invitation and a reminder read like this", async () => {
  const text = async (purpose: HousePurpose, channel: ChannelName, locale: string) =>
    (await told(purpose, channel, locale)).text?.trim().split("\n");
  expect(await text("PROMOTION", "EMAIL", "en")).toEqual([
    "Hello Kim,",
    'You get a coupon "New <Year>" (€30 off from €200) from €50.',
    "Valid from December 1, 2026 at 9:00 AM until December 31, 2026 at 11:59 PM GMT+1.",
    "In the app.",
    "See the offer: https://shop.example/advent",
  ]);
  expect(await text("PROMOTION", "EMAIL", "zh-CN")).toEqual([
    "Kim，您好！",
    "满€50送优惠券「New <Year>」（满€200减€30）。",
    "活动时间：2026年12月1日 09:00 至 2026年12月31日 23:59 GMT+1。",
    "In the app.",
    "查看详情：https://shop.example/advent",
  ]);
  // Somebody's own words end as they do: what follows in the same paragraph stands apart from them.
  const promised =
    "【Test shop】Advent：满€50送优惠券「New <Year>」（满€200减€30）。活动时间：2026年12月1日 09:00 至 2026年12月31日 23:59 GMT+1。";
  const onward = "查看详情：https://shop.example/advent 回T退订";
  expect(await text("PROMOTION", "SMS", "zh-CN")).toEqual([`${promised}In the app. ${onward}`]);
  const silent = (await told("PROMOTION", "SMS", "zh-CN", { promotion: { ...advent, remark: "" } })).text;
  expect(silent).toBe(`${promised}${onward}`);
  expect((await told("PROMOTION", "EMAIL", "en")).html).toContain('<p style="white-space: pre-line">In the app.</p>');
  expect(await text("EXPIRY", "EMAIL", "de")).toEqual([
    "Hello Kim,",
    "Your coupon can be used until 31. Dezember 2026 um 23:59 MEZ.",
    "30 € off from 200 € (not for categories sale).",
    "Your code: TEN-7.",
    "Use it: https://shop.example/?a=1&b=2",
  ]);
  expect(await text("DROP", "SMS", "zh-CN")).toEqual([
    "【Test shop】New <Year> 即将开抢：2026年12月1日 09:00 GMT+1 开始领取，您设置了提醒。满€200减€30（不含类目 sale）。" +
      "共 1,234 张。立即领取：https://f.example/c/1 回T退订",
  ]);
  expect(await text("DROP", "SMS", "en")).toEqual([
    "New <Year> opens soon: It can be claimed from December 1, 2026 at 9:00 AM GMT+1. You asked to be told. " +
      "€30 off from €200 (not for categories sale). Available: 1,234. Claim it here: https://f.example/c/1",
  ]);
  expect((await told("INVITED", "EMAIL", "en")).html?.trim().split("\n")).toEqual([
    "<h1>New &lt;Year&gt; is waiting for you</h1>",
    "<p>Hello Kim,</p>",
    "<p>€30 off from €200 (not for categories sale).</p>",
    "<p>It can be claimed from December 1, 2026 at 9:00 AM GMT+1.</p>",
    "<p>It is valid until December 31, 2026 at 11:59 PM GMT+1.</p>",
    "<p>Still available: 1,234.</p>",
    '<p><a href="https://f.example/c/1">Claim it here</a></p>',
  ]);
});
