import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { FrozenAction } from "../../../src/campaign/action/define.ts";
import { freezeAction, messageIssues } from "../../../src/campaign/action/index.ts";
import { type ContentPurpose, contentPurposes } from "../../../src/campaign/content/purposes.ts";
import { type Recipient, recipientColumns, scopeFor } from "../../../src/campaign/content/render.ts";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { type Compiled, compileTemplate } from "../../../src/campaign/content/template.ts";
import { type ListedVariable, listVariables } from "../../../src/campaign/content/variable-list.ts";
import { setNoticePolicy } from "../../../src/campaign/notice/policy.ts";
import { createPromotion, type PromotionDraft } from "../../../src/promotion/promotion.ts";
import { addTemplate, pathsOf } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";
import { type Currency, closes, currencies, ends, expected, locales, opens, starts, zones } from "./told.ts";

/** Where each of the members reads, in the order of their numbers. */
const places = locales.flatMap((locale) => zones.map((zone) => [locale, zone] as const));

let ledger: Ledger;
const templates = new Map<Currency, number>();
const templateOf = (currency: Currency) => templates.get(currency) ?? 0;
const promotions = new Map<Currency, number>();

beforeAll(async () => {
  ledger = await openLedger();
  const { db } = ledger.ctx;
  await ledger.members(9);
  await db.write([
    sql`UPDATE member SET name = 'Kim Lee', points = 1200, total_spend = 45900, birthday = '1990-05-17', level = 3,
        attributes = '{"city":"Graz"}'`,
    ...places.map(
      ([locale, zone], i) => sql`UPDATE member SET locale = ${locale}, time_zone = ${zone} WHERE seq = ${i + 1}`,
    ),
  ]);
  for (const currency of currencies) {
    const { id } = await addTemplate(ledger.ctx, {
      name: "Ten <off>",
      kind: "FULL_REDUCTION",
      params: { spend: 1_234_500, off: 30_050 },
      conditions: { categories: { exclude: ["sale"] } },
      ...{ currency, stock: 1_243, codeMode: "ON_CLAIM", codePrefix: "TEN" },
      ...{ opensAt: opens, closesAt: closes, validFrom: opens, validTo: ends },
      activeUrl: "https://shop.example/ten?a=1&b=2",
    });
    templates.set(currency, id);
    promotions.set(currency, accepted(await createPromotion(ledger.ctx, promotionIn(currency))).id);
    await db.write([
      sql`INSERT INTO coupon_notice (kind, template, slot, at, campaign) VALUES
          ('DROP', ${id}, 0, 0, ${id}), ('EXPIRY', ${id}, ${ends - (ends % 3_600_000)}, 0, ${id + 100})`,
      sql`INSERT INTO coupon (member, template, number, source, at, valid_from, valid_to, code)
          SELECT seq, ${id}, 1, 'run/5', ${opens}, ${opens}, ${ends}, ${`TEN-${currency}-`} || seq FROM member`,
    ]);
  }
});
afterAll(closeLedgers);

/** What a campaign says of its action that has texts for a purpose. */
const choiceOf = (purpose: ContentPurpose, currency: Currency) => {
  const couponTemplate = templateOf(currency);
  const choices = {
    MESSAGE: { kind: "ANNOUNCEMENT", couponTemplate: null },
    PROMOTION: { kind: "ANNOUNCEMENT", couponTemplate: null, promotion: promotions.get(currency) ?? 0 },
    GIVEN: { kind: "COUPON_ISSUE" },
    INVITED: { kind: "COUPON_INVITE" },
    DROP: { kind: "COUPON_REMINDER", id: couponTemplate },
    EXPIRY: { kind: "COUPON_REMINDER", id: couponTemplate + 100 },
  };
  return { shop: "", couponTemplate, promotion: null, ...choices[purpose] };
};

const promotionIn = (currency: Currency): PromotionDraft => ({
  ...{ name: "Advent", remark: "In the app.", currency, startsAt: starts, endsAt: ends },
  activeUrl: "https://shop.example/advent",
  conditions: { categories: { include: ["tea"] } },
  rule: {
    kind: "FULL_REDUCTION",
    tiers: [
      { spend: 20_000, off: 3_000 },
      { spend: 1_234_500, off: 30_050 },
    ],
  },
});

/** Every variable of a purpose, put out in one text. */
function textOf(list: readonly ListedVariable[]) {
  const isPutOut = ({ name, usage }: ListedVariable) => usage.startsWith("{{") && !name.includes("<");
  const parts = list.map((each) => (isPutOut(each) ? `{{ ${each.name} }}` : each.usage));
  return compileTemplate(parts.join(between), false);
}
const between = "\n--\n";

interface Telling {
  readonly seq: number;
  readonly action: FrozenAction;
}

/** What a text says to a member, part by part. */
async function said(text: Compiled, { seq, action }: Telling) {
  const { ctx } = ledger;
  const columns = recipientColumns("EMAIL", action.own(5));
  const reader = await ctx.db.first<Recipient>(sql`SELECT ${columns} FROM member m WHERE m.seq = ${seq}`);
  if (!reader) throw new Error("there is no such member");
  const offer = action.values(ctx, reader, 0);
  const scope = scopeFor(ctx, reader, { name: "Spring", offer, of: { run: 5, channel: "EMAIL", topic: "news" } });
  const world = { ctx, budget: readerBudget(), most: 5_000, now: ctx.clock() };
  return (await text.render(scope, world)).split(between);
}

const purposes = Object.keys(contentPurposes) as ContentPurpose[];

test.each(currencies)(
  "every variable that is listed is told in %s as its reader reads it, wherever",
  async (currency) => {
    for (const purpose of purposes) {
      const action = await freezeAction(ledger.ctx, choiceOf(purpose, currency));
      const list = await listVariables(ledger.ctx, purpose);
      const text = textOf(list);
      for (const [i, [locale, zone]] of places.entries()) {
        const all = expected(locale, currency, zone, i + 1);
        const parts = await said(text, { seq: i + 1, action });
        const told = (values: readonly unknown[]) => Object.fromEntries(list.map(({ name }, at) => [name, values[at]]));
        const wanted = list.map(({ name }) => all[name] ?? "no test says what");
        expect({ purpose, locale, zone, ...told(parts) }).toEqual({ purpose, locale, zone, ...told(wanted) });
      }
    }
  },
);

test("what is listed for a purpose may be said, what is listed for others is refused with its place", async () => {
  const list = new Map<ContentPurpose, ListedVariable[]>();
  for (const purpose of purposes) list.set(purpose, await listVariables(ledger.ctx, purpose));
  const everything = new Map([...list.values()].flat().map(({ name, usage }) => [name, usage]));
  for (const purpose of purposes) {
    const known = new Set(list.get(purpose)?.map(({ name }) => name));
    const issuesOf = async (text: string) => {
      const content = { EMAIL: { default: { subject: "Hi", html: "<p>Hi {{ coupon.claimUrl }}</p>", text } } };
      if (!known.has("coupon.claimUrl")) content.EMAIL.default.html = "<p>Hi</p>";
      if (purpose === "DROP" || purpose === "EXPIRY")
        return pathsOf(await setNoticePolicy(ledger.ctx, { kind: purpose, content }));
      const issues = await messageIssues(ledger.ctx, choiceOf(purpose, "EUR"), content, ["EMAIL"]);
      return issues.map(({ path }) => path);
    };
    const said = [...everything].filter(([name]) => known.has(name)).map(([, usage]) => usage);
    const taken = await issuesOf(said.join("\n"));
    expect([purpose, Array.isArray(taken) ? taken : []]).toEqual([purpose, []]);
    const others = [...everything].filter(([name]) => !known.has(name));
    const places = others.map(
      ([name, usage], line) => `content.EMAIL.default.text:${line + 1}:${usage.indexOf(name) + 1}`,
    );
    expect([purpose, await issuesOf(others.map(([, usage]) => usage).join("\n"))]).toEqual([purpose, places]);
  }
});
