import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { setCapsPolicy } from "../../../src/campaign/caps/policy.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { eraseMember } from "../../../src/member/privacy.ts";
import { earthOf } from "../../support/by-clocks.ts";
import { addTemplate } from "../../support/coupons.ts";
import { couponFaults } from "../../support/issue.ts";
import { bookFaults, ledgerOf, runOf } from "../../support/ledger.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";

afterAll(closeLedgers);

const [hour, minute] = [3_600_000, 60_000];
const nine = Date.parse("2027-06-01T09:00+02:00");

test("cancelled between waves everyone else is CANCELLED; paused, the waves that come meanwhile wait", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 20 * hour });
  const { ctx } = earth;
  await earth.settle({ "Asia/Tokyo": 7, "": 7, "America/New_York": 7 });
  const [first, second] = [await earth.launch({ startsAt: nine }), await earth.launch({ startsAt: nine })];
  const campaignOf = async (run: number) =>
    (await ctx.db.first<{ id: number }>(sql`SELECT campaign AS id FROM run WHERE id = ${run}`))?.id ?? 0;
  await earth.until(nine - hour);
  accepted(await cancelCampaign(ctx, { id: await campaignOf(first) }));
  accepted(await pauseCampaign(ctx, { id: await campaignOf(second) }));
  await earth.until(nine + 10 * minute);
  expect(await ledgerOf(ctx.db, first)).toEqual({ "IN_APP CANCELLED": 14, "IN_APP SENT": 7 });
  expect(await runOf(ctx.db, first)).toMatchObject({ state: "CANCELLED", matched: 21 });
  expect(await ledgerOf(ctx.db, second)).toEqual({ "IN_APP SENT": 7 });
  accepted(await resumeCampaign(ctx, { id: await campaignOf(second) }));
  await earth.until(nine + 10 * hour);
  expect(await runOf(ctx.db, second)).toMatchObject({ state: "COMPLETED", matched: 21 });
  expect([...(await bookFaults(ctx.db, first)), ...(await bookFaults(ctx.db, second))]).toEqual([]);
});

test("who came later is not in it, the erased are not sent to, those in quiet hours wait for their end", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 20 * hour });
  const { ctx } = earth;
  await earth.settle({ "Asia/Tokyo": 2, "America/New_York": 3 });
  accepted(await setCapsPolicy(ctx, { channel: "EMAIL", quietFrom: 22 * 60, quietTo: 10 * 60 }));
  const run = await earth.launch({ startsAt: nine, channels: ["EMAIL"] });
  const waiting = async () => {
    const rows = await ctx.db.all<{ member: number; due: number }>(sql`
      SELECT member, due_at AS due FROM send WHERE run = ${run} AND reason = 'QUIET_HOURS' ORDER BY member`);
    return rows.map(({ member, due }) => [member, due]);
  };
  await earth.until(nine - 6.5 * hour);
  const ofTokyo = nine - 6 * hour;
  expect(await waiting()).toEqual([1, 2].map((member) => [member, ofTokyo]));
  await earth.settle({ "America/New_York": 4 });
  accepted(await eraseMember(ctx, { seq: 3 }));
  await earth.until(nine + 6.5 * hour);
  const ofNewYork = nine + 7 * hour;
  expect(await waiting()).toEqual([4, 5].map((member) => [member, ofNewYork]));
});

test("coupons go out wave by wave, one each whoever changes zones, until none is left for the last", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 20 * hour, pageSize: 3 });
  const { ctx } = earth;
  await earth.settle({ "Asia/Tokyo": 7, "": 5, "America/New_York": 6 });
  const { id: couponTemplate } = await addTemplate(ctx, { issueMode: "SYSTEM", stock: 15 });
  const run = await earth.launch({ kind: "COUPON_ISSUE", couponTemplate, channels: ["IN_APP"], startsAt: nine });
  let delivered = 0;
  const twice = () => (delivered++ % 2 === 0 ? ("twice" as const) : ("once" as const));
  await earth.until(nine - 3 * hour, twice);
  expect(await ledgerOf(ctx.db, run)).toEqual({ "COUPON SENT": 7, "IN_APP SENT": 7 });
  await earth.moves(1, "America/New_York"); // has hers
  await earth.moves(18, "Asia/Tokyo"); // whose time has passed there
  await earth.until(nine + 8 * hour, twice);
  expect(await ledgerOf(ctx.db, run)).toEqual({
    "COUPON SENT": 15,
    "COUPON SKIPPED SOLD_OUT": 3,
    "IN_APP SENT": 15,
    "IN_APP SKIPPED NO_COUPON": 3,
  });
  expect(await runOf(ctx.db, run)).toMatchObject({ state: "COMPLETED", matched: 18 });
  expect([...(await bookFaults(ctx.db, run)), ...(await couponFaults(ctx.db))]).toEqual([]);
  const given = await ctx.db.all<{ n: number }>(sql`SELECT count(*) AS n FROM coupon GROUP BY member`);
  expect(given.map(({ n }) => n)).toEqual(Array.from({ length: 15 }, () => 1));
});
