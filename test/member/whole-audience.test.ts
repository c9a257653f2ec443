import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { reviewOf } from "../../src/campaign/announcement/review.ts";
import { updateCampaign } from "../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { pushCoupon } from "../../src/campaign/push/push.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { campaignSettings } from "../../src/campaign/settings.ts";
import type { Context } from "../../src/context.ts";
import { createTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../src/coupon/template/lifecycle.ts";
import { estimateTemplate, simulateTemplate } from "../../src/coupon/template/simulation.ts";
import { type Database, openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { compile, type Query, type Statement } from "../../src/db/statement.ts";
import { estimateAudience } from "../../src/member/estimate.ts";
import { countMembers, memberPage } from "../../src/member/member-search.ts";
import { createPromotion } from "../../src/promotion/promotion.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { accepted, addCampaign, addMembers } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";

let db: RootDatabase;
let planner: RootDatabase;
let ctx: Context;
/** What was asked: of this process's connection, and of the reader. */
const asked = { here: [] as Statement[], beside: [] as Statement[] };
beforeAll(async () => {
  const path = join(tempDir(), "whole.db");
  db = await openTestDatabase(path);
  planner = await openDatabase({ url: `file:${path}` }, realWorld); // a plan that was asked for holds its connection
  await addMembers(db, 5);
  const plain = testContext(db);
  const noted = (where: keyof typeof asked, query: Query) => {
    asked[where].push(compile(query));
    return query;
  };
  const spied = (on: Database): Database => ({
    ...on,
    all: (query) => on.all(noted("here", query)),
    first: (query) => on.first(noted("here", query)),
    transaction: (work) => on.transaction((tx) => work(spied(tx))),
  });
  const slices = { ...plain.settings.slices, campaign: { ...campaignSettings.of(plain), approvalAbove: 1 } };
  ctx = {
    ...plain,
    settings: { ...plain.settings, slices, limits: { EMAIL: { batch: 100, parallelism: 1, ratePerSecond: 10 } } },
    db: spied(db),
    heavy: {
      all: (query) => plain.heavy.all(noted("beside", query)),
      first: (query) => plain.heavy.first(noted("beside", query)),
    },
  };
});
afterAll(() => Promise.all([db.close(), planner.close()]));

const usual = { kind: "INSTANT", params: { off: 100 }, currency: "EUR", issueMode: "SYSTEM" } as const;

/** What asks about a filter itself. */
async function askAbout(filter: unknown): Promise<void> {
  const audience = accepted(ctx.audience.parse(filter));
  accepted(await memberPage(ctx, { limit: 20, audience }));
  accepted(await countMembers(ctx, audience));
  accepted(await estimateAudience(ctx, audience));
}

/** All that asks for a whole audience, and is not a run's own walk in steps. */
async function askEverything(filter: unknown): Promise<void> {
  await askAbout(filter);
  const template = accepted(await createTemplate(ctx, { draft: { ...usual, name: "T", eligibility: filter } }));
  accepted(await simulateTemplate(ctx, template.id));
  accepted(await estimateTemplate(ctx, { ...usual, name: "T", eligibility: filter }));
  const give = { kind: "COUPON_ISSUE", couponTemplate: template.id } as const;
  const campaign = await addCampaign(ctx, { ...give, channels: ["EMAIL", "IN_APP"], audience: { filter } });
  accepted(await simulateLaunch(ctx, { id: campaign }));
  const { id: couponTemplate } = accepted(await activateTemplate(ctx, { id: template.id }));
  const content = { EMAIL: { default: { subject: "Hi", html: "<p>{{ coupon.name }}</p>" } } };
  const pushed = accepted(
    await pushCoupon(ctx, { couponTemplate, audience: { filter }, channels: ["EMAIL"], content }),
  );
  accepted(await updateCampaign(ctx, { id: pushed.campaign.id, draft: { topic: "shoes" } }));
  await launchCampaign(ctx, { id: await addCampaign(ctx, { channels: ["EMAIL"], audience: { filter } }) });
}

/** The steps of plans that walk over all members, or along an index of theirs, which may be as long. */
async function walks(statements: readonly Statement[], pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const { sql: text, args } of statements) {
    const plan = await planner.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${text}`, args });
    const walked = plan.filter(({ detail }) => pattern.test(detail)).map(({ detail }) => detail);
    if (walked.length > 0) found.push(`${walked}: ${text.replace(/\s+/g, " ").slice(0, 200)}`);
  }
  return found;
}

test("whatever asks for a whole audience asks beside, where neither claims nor the queue wait for it", async () => {
  asked.here.length = asked.beside.length = 0;
  await askEverything({ attribute: { path: "size", eq: 3 } });
  await askEverything({ level: { gte: 0 } });
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 100, off: 10 }] };
  const promotion = accepted(await createPromotion(ctx, { name: "P", currency: "EUR", rule }));
  for (const announce of ["EVERYONE", "UNREACHED"] as const) {
    expect(await enablePromotion(ctx, { id: promotion.id, announce })).toMatchObject({ announcement: null });
    expect(await reviewOf(ctx, promotion.id)).toMatchObject({ what: "ENABLE" });
  }
  expect(asked.beside.length).toBeGreaterThan(15);
  expect(await walks(asked.here, /^(SCAN (m|member)\b|SEARCH (m|member) USING INDEX)/)).toEqual([]);
});

const day = "2026-01-01";
const moment = `${day}T00:00:00Z`;
const text = [{ eq: "x" }, { in: ["x", "y"] }];
const ranges = (value: unknown) => [
  { eq: value },
  { in: [value] },
  { gt: value },
  { gte: value },
  { lt: value },
  { lte: value },
  { between: { from: value, to: value } },
];
const times = [...ranges(moment), { inLastDays: 7 }, { inNextDays: 7 }, { today: true }];
/** What an index serves, in every way that it can be asked. */
const indexed: Readonly<Record<string, readonly unknown[]>> = {
  id: text,
  externalId: text,
  name: text,
  email: [{ eq: "x@shop.example" }, { in: ["x@shop.example", "y@shop.example"] }],
  phone: [{ eq: "+4915112345678" }, { in: ["+4915112345678"] }],
  level: ranges(3),
  totalSpend: ranges(3),
  points: ranges(3),
  birthday: ranges(day),
  registeredAt: times,
  membershipEndsAt: times,
  lastActiveAt: times,
  tag: [{ has: "x" }, { any: ["x", "y"] }, { all: ["x", "y"] }],
  couponExpiring: [{ template: 1, inNextHours: 1 }],
  couponReminder: [{ template: 1 }],
  hotGoods: [{ row: 1 }],
  distribution: [{ row: 1 }],
  lifecycle: [{ policy: 1, at: "2027-02-28T09:00:00Z" }],
};

test.each(Object.entries(indexed))("an index serves %s, in lists, counts and simulations alike", async (term, ways) => {
  asked.beside.length = 0;
  await askEverything({ [term]: ways[0] });
  for (const argument of ways.slice(1)) await askAbout({ [term]: argument });
  const isServed = (argument: unknown) => accepted(ctx.audience.parse({ [term]: argument })).condition.indexed;
  expect(ways.filter((argument) => !isServed(argument))).toEqual([]);
  expect(asked.beside.length).toBeGreaterThan(ways.length * 3);
  expect(await walks(asked.beside, /^SCAN m\b/)).toEqual([]);
});

test("a list is the same by index and by a walk, page for page, however many there are", async () => {
  await addMembers(db, 2_100, { level: "i % 3 = 0" });
  await db.write([compile(sql`UPDATE member SET deleted_at = 1 WHERE seq % 100 = 3`)]);
  for (const [filter, same] of [
    [{ level: { eq: 1 } }, { and: [{ level: { ne: 0 } }] }],
    [{ level: { gte: 0 } }, { not: { level: { lt: 0 } } }],
  ]) {
    for (const after of [undefined, 9, 1_000, 2_104]) {
      const page = async (asked: unknown) =>
        accepted(await memberPage(ctx, { limit: 20, after, audience: accepted(ctx.audience.parse(asked)) }));
      expect(await page(filter)).toEqual(await page(same));
    }
  }
});
