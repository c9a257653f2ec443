import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { setCapsPolicy } from "../../src/campaign/caps/policy.ts";
import type { CampaignDraft } from "../../src/campaign/draft/campaign.ts";
import { whyMember } from "../../src/campaign/progress/why.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { type ChannelName, channelNames, externalNames } from "../../src/channels/catalog.ts";
import { counted } from "../support/length.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

type Policy = Parameters<typeof setCapsPolicy>[1];

/** A shop in UTC with so many members and these policies. */
async function cappedShop(members: number, ...policies: Policy[]): Promise<Shop> {
  const shop = await openShop({ env: { SHOP_TIME_ZONE: "UTC" } });
  goTo(shop, "2027-02-01T09:00:00Z");
  await shop.members(members);
  for (const policy of policies) accepted(await setCapsPolicy(shop.ctx, policy));
  return shop;
}

function goTo(shop: Shop, moment: string): void {
  shop.pass(Date.parse(moment) - shop.ctx.clock());
}

/** Launches a campaign, and answers its run's ledger once it has ended. */
async function sends(shop: Shop, channels: ChannelName[], draft: Partial<CampaignDraft> = {}) {
  const run = await shop.launched({ ...draft, channels });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.faults(run)).toEqual([]);
  return shop.ledger(run);
}

/** Where what counts against the caps differs from the sends that were made, or that may have been. */
async function countFaults({ ctx }: Shop): Promise<unknown[]> {
  return ctx.db.all(sql`
    SELECT member, channel, day, sum(counted) AS counted, sum(made) AS made FROM (
      SELECT member, channel, day, n AS counted, 0 AS made FROM pressure
      UNION ALL
      SELECT member, channel, coalesce(counted_day, at / 86400000), 0, 1 FROM send
      WHERE state IN ('SENDING', 'SENT', 'UNKNOWN'))
    GROUP BY 1, 2, 3 HAVING sum(counted) <> sum(made)`);
}

test("a channel's daily cap skips members as CAPPED, and counts anew on the next day of the shop", async () => {
  const shop = await cappedShop(150, { channel: "IN_APP", perDay: 1 }, { channel: "EMAIL", perDay: 1 });
  expect(await sends(shop, ["IN_APP", "EMAIL"])).toEqual({ "EMAIL SENT": 150, "IN_APP SENT": 150 });
  expect(await sends(shop, ["IN_APP", "EMAIL", "SMS"])).toEqual({
    "EMAIL SKIPPED CAPPED": 150,
    "IN_APP SKIPPED CAPPED": 150,
    "SMS SENT": 150,
  });
  goTo(shop, "2027-02-02T00:00:01Z");
  expect(await sends(shop, ["IN_APP", "EMAIL"])).toEqual({ "EMAIL SENT": 150, "IN_APP SENT": 150 });
});

test("a weekly cap looks at a day and the six before it", async () => {
  const shop = await cappedShop(10, { channel: "PUSH", perWeek: 2 });
  const days = ["01", "03", "07", "08", "09"];
  const answers = [];
  for (const day of days) {
    goTo(shop, `2027-02-${day}T12:00:00Z`);
    answers.push(Object.keys(await sends(shop, ["PUSH"])).join());
  }
  expect(answers).toEqual(["PUSH SENT", "PUSH SENT", "PUSH SKIPPED CAPPED", "PUSH SENT", "PUSH SKIPPED CAPPED"]);
});

test("a cap of all channels together counts each of them, in a campaign's order", async () => {
  const shop = await cappedShop(120, { perDay: 2 });
  expect(await sends(shop, ["IN_APP", "POPUP", "EMAIL"])).toEqual({
    "EMAIL SKIPPED CAPPED": 120,
    "IN_APP SENT": 120,
    "POPUP SENT": 120,
  });
  goTo(shop, "2027-02-02T09:00:00Z");
  await sends(shop, ["EMAIL"]);
  expect(await sends(shop, ["POPUP", "IN_APP"], { reach: "FIRST_REACHABLE" })).toEqual({
    "IN_APP SKIPPED OTHER_CHANNEL": 120,
    "POPUP SENT": 120,
  });
  expect(await countFaults(shop)).toEqual([]);
});

test("transactional campaigns are exempt and do not count", async () => {
  const shop = await cappedShop(10, { perDay: 1 });
  expect(await sends(shop, ["IN_APP", "EMAIL"], { transactional: true })).toEqual({
    "EMAIL SENT": 10,
    "IN_APP SENT": 10,
  });
  expect(await sends(shop, ["EMAIL"])).toEqual({ "EMAIL SENT": 10 });
  expect(await sends(shop, ["EMAIL"], { transactional: true })).toEqual({ "EMAIL SENT": 10 });
});

test("a send that fails, or is cancelled before it leaves, gives its place back", async () => {
  const shop = await cappedShop(800, { channel: "EMAIL", perDay: 1 });
  shop.ctx.sandbox.setFaults("EMAIL", { fail: 1 });
  expect(await sends(shop, ["EMAIL"])).toEqual({ "EMAIL FAILED THE_SANDBOX_WAS_TOLD_TO_FAIL": 800 });
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 100 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.sent(run)) > 0);
  await shop.cancel(run);
  await shop.becomes(run, "CANCELLED");
  const sent = await shop.sent(run);
  shop.ctx.sandbox.setFaults("EMAIL", {});
  const { "EMAIL SENT": later = 0, "EMAIL SKIPPED CAPPED": capped = 0 } = await sends(shop, ["EMAIL"]);
  expect([later, capped]).toEqual([800 - sent, sent]);
  expect(await countFaults(shop)).toEqual([]);
});

test("a simulation and the words about a member tell of caps", async () => {
  const shop = await cappedShop(20, { channel: "EMAIL", perDay: 1 });
  await sends(shop, ["EMAIL"], { audience: { filter: { externalId: { in: ["x1", "x2", "x3"] } } } });
  const campaign = await shop.campaign({ channels: ["EMAIL"] });
  expect(accepted(await simulateLaunch(shop.ctx, { id: campaign })).channels).toEqual([
    { channel: "EMAIL", reachable: 17, deferred: 0, skipped: [{ reason: "CAPPED", n: 3 }] },
  ]);
  const run = await shop.launch(campaign);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 17, "EMAIL SKIPPED CAPPED": 3 });
  const why = accepted(await whyMember(shop.ctx, { run, member: 1 }));
  expect(why.channels[0]?.words).toBe("The member has had as many messages as the frequency caps allow.");
});

test("setting a cap counts from then on; without one nothing is counted", async () => {
  const shop = await cappedShop(10);
  await sends(shop, ["IN_APP", "EMAIL"]);
  const counted = () => shop.ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM pressure`);
  expect(await counted()).toEqual({ n: 0 });
  accepted(await setCapsPolicy(shop.ctx, { perDay: 1 }));
  expect(await sends(shop, ["EMAIL"])).toEqual({ "EMAIL SENT": 10 });
  expect(await sends(shop, ["IN_APP"])).toEqual({ "IN_APP SKIPPED CAPPED": 10 });
});

test("counts that no cap looks back at are forgotten", async () => {
  const shop = await cappedShop(50, { perDay: 3 });
  await sends(shop, ["IN_APP"]);
  goTo(shop, "2027-02-08T12:00:00Z");
  await sends(shop, ["IN_APP"]);
  await shop.sweep();
  expect(await shop.ctx.db.all(sql`SELECT day - 20850 AS day, sum(n) AS n FROM pressure GROUP BY 1`)).toEqual([
    { day: 0, n: 50 },
    { day: 7, n: 50 },
  ]);
  goTo(shop, "2027-02-09T00:00:01Z");
  await shop.sweep();
  expect(await shop.ctx.db.all(sql`SELECT DISTINCT day - 20850 AS day FROM pressure`)).toEqual([{ day: 7 }]);
});

const cap = fc.option(fc.integer({ min: 1, max: 3 }), { nil: null });
const story = fc.record({
  together: cap,
  own: fc.array(cap, { minLength: channelNames.length, maxLength: channelNames.length }),
  runs: fc.array(
    fc.record({
      channels: fc.subarray([...channelNames], { minLength: 1 }),
      reach: fc.constantFrom("EACH" as const, "FIRST_REACHABLE" as const),
      fate: fc.constantFrom("none" as const, "none" as const, "pause" as const, "cancel" as const),
    }),
    { minLength: 2, maxLength: 6 },
  ),
  faults: fc.constantFrom(
    {},
    { fail: 0.2 },
    { fail: 0.1, busy: 0.3 },
    { fail: 0.1, drop: 0.2 },
    { late: 0.2, lateMs: 50 },
  ),
});

test("nobody gets more than the caps allow, whatever campaigns run at once; every place is accounted for", async () => {
  const property = fc.asyncProperty(story, async ({ together, own, runs, faults }) => {
    const shop = await cappedShop(
      130,
      { perDay: together },
      ...channelNames.map((channel, i) => ({ channel, perDay: own[i] ?? null })),
    );
    for (const channel of externalNames) shop.ctx.sandbox.setFaults(channel, { delayMs: 5, ...faults });
    const launched = await Promise.all(runs.map(({ channels, reach }) => shop.launched({ channels, reach })));
    await Promise.all(launched.map((run, i) => suffer(shop, run, runs[i]?.fate ?? "none")));
    for (const run of launched) await shop.endsSoon(run, "COMPLETED", "CANCELLED");
    for (const run of launched) expect(await shop.faults(run)).toEqual([]);
    for (const [i, channel] of channelNames.entries()) {
      const most = Math.min(own[i] ?? 100, together ?? 100);
      expect(await mostOn(shop, sql`channel = ${channel}`)).toBeLessThanOrEqual(most);
      // Counted are the channels that some cap covers.
      if (together === null && own[i] == null)
        expect(await mostOn(shop, sql`channel = ${channel} AND counted_day IS NOT NULL`)).toBe(0);
    }
    if (together !== null) {
      expect(await mostOn(shop, sql`1`)).toBeLessThanOrEqual(together);
      expect(await countFaults(shop)).toEqual([]);
    }
    await shop.stop();
  });
  await fc.assert(property, { numRuns: Number(Bun.env.RUNS ?? counted(3, 5)), endOnFailure: true });
}, 120_000);

async function suffer(shop: Shop, run: number, fate: "none" | "pause" | "cancel"): Promise<void> {
  if (fate === "none") return;
  await Bun.sleep(60); // pages and batches are under way
  if (/COMPLETED|FAILED/.test(await shop.state(run))) return;
  await shop[fate](run).catch(() => {});
  await Bun.sleep(40); // what was under way meets the pause
  if (fate === "pause") await shop.resume(run).catch(() => {});
}

/** The most sends that any one member got, or may have got, among those that `where` selects. */
async function mostOn({ ctx }: Shop, where: ReturnType<typeof sql>): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM send WHERE ${where} AND state IN ('SENDING', 'SENT', 'UNKNOWN')
    GROUP BY member ORDER BY 1 DESC LIMIT 1`);
  return row?.n ?? 0;
}
