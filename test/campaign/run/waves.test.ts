import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { setCapsPolicy } from "../../../src/campaign/caps/policy.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { type CampaignDraft, createCampaign } from "../../../src/campaign/draft/campaign.ts";
import { runProgress } from "../../../src/campaign/progress/progress.ts";
import { localTimeOfRuns, type WaveState } from "../../../src/campaign/progress/waves.ts";
import { whyMember } from "../../../src/campaign/progress/why.ts";
import { writePage } from "../../../src/campaign/run/page.ts";
import { parkPage, unparkPage } from "../../../src/campaign/run/parking.ts";
import { findRun } from "../../../src/campaign/run/run.ts";
import { tidy } from "../../../src/campaign/tidy.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { eraseMember } from "../../../src/member/privacy.ts";
import { fireDue } from "../../../src/schedule/fire.ts";
import { planAhead } from "../../../src/schedule/plan-ahead.ts";
import { momentOf } from "../../../src/schedule/recurrence/wall.ts";
import { earthOf } from "../../support/by-clocks.ts";
import { bookFaults, ledgerOf, runOf } from "../../support/ledger.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";

afterAll(closeLedgers);

const [hour, minute] = [3_600_000, 60_000];
const nine = Date.parse("2027-06-01T09:00+02:00");

/** When members of each zone were written to, by the clock of UTC. */
async function reached({ db }: Context, run: number): Promise<Record<string, string[]>> {
  const found = await db.all<{ zone: string; at: number }>(sql`
    SELECT coalesce(m.time_zone, '') AS zone, s.at FROM send s JOIN member m ON m.seq = s.member
    WHERE s.run = ${run} AND s.state = 'SENT' GROUP BY 1, 2 ORDER BY 1, 2`);
  const byZone = Map.groupBy(found, ({ zone }) => zone);
  return Object.fromEntries(
    [...byZone].map(([zone, rows]) => [zone, rows.map(({ at }) => new Date(at).toISOString().slice(5, 16))]),
  );
}

test("each member is reached when the own clock shows the time; those without a zone by the shop's", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 30 * hour });
  await earth.settle({
    "Pacific/Kiritimati": 3,
    "": 25,
    "Asia/Kolkata": 12,
    "Europe/Berlin": 4,
    "Pacific/Pago_Pago": 11,
  });
  const run = await earth.launch({ startsAt: nine });
  await earth.until(nine + 20 * hour);
  expect(await reached(earth.ctx, run)).toEqual({
    "": ["06-01T07:00"],
    "Asia/Kolkata": ["06-01T03:30"],
    "Europe/Berlin": ["06-01T07:00"],
    "Pacific/Kiritimati": ["05-31T19:00"],
    "Pacific/Pago_Pago": ["06-01T20:00"],
  });
  expect(await runOf(earth.ctx.db, run)).toEqual({ state: "COMPLETED", matched: 55, pages: 3 + 2 + 1 + 2 + 1 });
  expect(await bookFaults(earth.ctx.db, run)).toEqual([]);
});

const zones = ["Pacific/Kiritimati", "Asia/Tokyo", "Europe/Berlin", "", "America/New_York", "Pacific/Pago_Pago"];
const elsewhere = [...zones, "Asia/Kathmandu", "america/havana", "Nowhere/At_All"];

const Moves = fc.array(
  fc.record({
    after: fc.integer({ min: -16 * 60, max: 16 * 60 }),
    member: fc.integer({ min: 1, max: 40 }),
    zone: fc.constantFrom(...elsewhere),
  }),
  { maxLength: 25 },
);

const History = fc.record({
  homes: fc.array(fc.constantFrom(...zones), { minLength: 40, maxLength: 40 }),
  moves: Moves,
  passed: fc.constantFrom("NOW" as const, "NEXT_DAY" as const, "SKIP" as const),
  /** Others who change zones between two messages: at so many messages behind the last one who did. */
  between: fc.array(
    fc.record({
      messages: fc.integer({ min: 0, max: 8 }),
      member: fc.integer({ min: 1, max: 40 }),
      zone: fc.constantFrom(...elsewhere),
    }),
    { maxLength: 15 },
  ),
  /** Minutes by which it is launched behind the first clock. */
  late: fc.constantFrom(-60, 0, 7 * 60, 15 * 60),
  weather: fc.infiniteStream(fc.constantFrom("once" as const, "once" as const, "twice" as const, "lost" as const)),
});

/** Zone by zone when the clock that counts there shows nine. */
const nineIn = (zone: string) =>
  momentOf("2027-06-01T09:00:00", zone === "" || zone.startsWith("No") ? "Europe/Berlin" : zone);

test(
  "I7 I8 zones changed at any moment, messages lost and doubled: once each, and never before the time",
  async () => {
    await fc.assert(
      fc.asyncProperty(History, async ({ homes, moves, between, passed, late, weather }) => {
        const first = nine - 12 * hour;
        const ledger = await openLedger();
        const earth = earthOf(ledger, { now: first + late * minute, pageSize: 4 });
        const { db } = earth.ctx;
        await ledger.members(40);
        await db.write([
          sql`UPDATE member SET time_zone = nullif(${JSON.stringify(homes)} ->> ('$[' || (seq - 1) || ']'), '')`,
        ]);
        const run = await earth.launch({ startsAt: nine, localTime: { passed } });
        /** Where each member was from when on. */
        const lived = new Map(homes.map((zone, i) => [i + 1, [{ from: 0, zone }]]));
        const moveTo = async (member: number, zone: string) => {
          await earth.moves(member, zone || null);
          lived.get(member)?.push({ from: earth.ctx.clock(), zone });
        };
        let messages = 0;
        const fate = async () => {
          const next = between[0];
          if (next && ++messages > next.messages) {
            messages = 0;
            between.shift();
            await moveTo(next.member, next.zone);
          }
          return weather.next().value;
        };
        for (const { after, member, zone } of moves.toSorted((a, b) => a.after - b.after)) {
          const at = nine + after * minute;
          if (at < earth.ctx.clock()) continue;
          await earth.until(at, fate);
          await moveTo(member, zone);
        }
        await earth.until(nine + 80 * hour, fate);
        expect(await runOf(db, run)).toMatchObject({ state: "COMPLETED", matched: 40 });
        expect(await bookFaults(db, run)).toEqual([]);
        const rows = await db.all<{ member: number; state: string; reason: string; at: number }>(sql`
        SELECT member, state, reason, at FROM send WHERE run = ${run} ORDER BY member`);
        expect(rows.map(({ member }) => member)).toEqual([...lived.keys()]);
        for (const { member, state, reason, at } of rows) {
          // In one of the zones in which the member was then the time had come.
          const all = lived.get(member) ?? [];
          const now = all.findLastIndex(({ from }) => from < at);
          const were = all.slice(Math.max(0, now)).filter(({ from }) => from <= at);
          expect(at).toBeGreaterThanOrEqual(Math.min(...were.map(({ zone }) => nineIn(zone))));
          if (state === "SKIPPED") expect([passed, reason]).toEqual(["SKIP", "TIME_PASSED"]);
          const zone = all[0]?.zone ?? "";
          const hasMoved = lived.get(member)?.length !== 1;
          if (hasMoved) continue;
          const late = at - nineIn(zone);
          const isOnTime = late <= 60 * minute;
          expect([state, late % (24 * hour) <= 60 * minute]).toEqual([
            passed === "SKIP" && !isOnTime ? "SKIPPED" : "SENT",
            isOnTime || passed === "NEXT_DAY",
          ]);
        }
        await ledger.stop();
      }),
      { numRuns: counted(4, 400) },
    );
  },
  counted(60_000, 900_000),
);

test("a wall time that a zone skips comes moved by what is skipped, of one that comes twice the first counts", () => {
  const rows: readonly (readonly [wall: string, zone: string, at: string])[] = [
    ["2027-03-28T02:30:00", "Europe/Berlin", "2027-03-28T01:30:00Z"],
    ["2027-10-31T02:30:00", "Europe/Berlin", "2027-10-31T00:30:00Z"],
    ["2027-03-14T02:30:00", "America/New_York", "2027-03-14T07:30:00Z"],
    ["2027-10-03T02:15:00", "Australia/Lord_Howe", "2027-10-02T15:45:00Z"],
    ["2027-03-14T00:30:00", "America/Havana", "2027-03-14T05:30:00Z"],
    ["2011-12-30T09:00:00", "Pacific/Apia", "2011-12-30T19:00:00Z"],
    ["2027-06-01T09:00:00", "Asia/Kathmandu", "2027-06-01T03:15:00Z"],
  ];
  for (const [wall, zone, at] of rows) expect(new Date(momentOf(wall, zone))).toEqual(new Date(at));
});

test("the clocks of one zone change between the first and the last wave: each still shows the time", async () => {
  const ledger = await openLedger();
  const wall = "2027-03-28T02:30:00";
  const planned = momentOf(wall, "Europe/Berlin");
  const earth = earthOf(ledger, { now: planned - 30 * hour });
  await earth.settle({ "": 2, "Europe/London": 2, "Asia/Tokyo": 2, "America/New_York": 2 });
  const run = await earth.launch({ startsAt: momentOf("2027-03-28T03:30:00", "Europe/Berlin") });
  await earth.until(planned + 30 * hour);
  expect(await reached(earth.ctx, run)).toEqual({
    "": ["03-28T01:30"],
    "America/New_York": ["03-28T07:30"],
    "Asia/Tokyo": ["03-27T18:30"],
    "Europe/London": ["03-28T02:30"],
  });
});

test("a daily campaign has a run for each date, one beginning before the other has been round the earth", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 40 * hour });
  await earth.settle({ "Pacific/Kiritimati": 2, "Pacific/Pago_Pago": 2, "": 2 });
  const campaign = await earth.launch({
    schedule: {
      recurrence: { cron: { line: "0 9 * * *", from: null, until: nine + 25 * hour } },
      zone: "Europe/Berlin",
    },
  });
  for (let at = nine - 40 * hour; at < nine + 60 * hour; at += hour) {
    await earth.until(at);
    await planAhead(earth.ctx);
    await fireDue(earth.ctx);
    await earth.deliver();
    await tidy(earth.ctx);
  }
  const runs = await earth.ctx.db.all<{ id: number; wall: string; state: string }>(sql`
    SELECT id, wall, state FROM run WHERE campaign = ${campaign} ORDER BY id`);
  expect(runs.map(({ wall, state }) => `${wall} ${state}`)).toEqual([
    "2027-05-31T09:00:00 COMPLETED",
    "2027-06-01T09:00:00 COMPLETED",
    "2027-06-02T09:00:00 COMPLETED",
  ]);
  for (const { id } of runs.slice(1)) {
    const at = await reached(earth.ctx, id);
    expect(Object.values(at).map(([first]) => first?.slice(6))).toEqual(["07:00", "19:00", "20:00"]);
  }
  const decided = await earth.ctx.db.all<{ decision: string }>(sql`
    SELECT DISTINCT decision FROM occurrence WHERE state = 'FIRED'`);
  expect(decided).toMatchObject([{ decision: "ON_TIME" }]);
});

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

test("a page that was parked when its members moved on takes them along when it is replayed", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 20 * hour, pageSize: 3 });
  const { ctx } = earth;
  await earth.settle({ "Asia/Tokyo": 3, "": 3 });
  const run = await earth.launch({ startsAt: nine });
  await earth.until(nine - 6 * hour, async () => {
    await parkPage(ctx, { run, page: 0 });
    return "once" as const;
  });
  await earth.until(nine + hour);
  expect(await runOf(ctx.db, run)).toMatchObject({ state: "FAILED", matched: 3 });
  await earth.moves(1, "America/New_York");
  await unparkPage(ctx, { run, page: 0 });
  await writePage(ctx, { run, page: 0 });
  expect(await runOf(ctx.db, run)).toMatchObject({ state: "COMPLETED", matched: 6 });
  expect(await bookFaults(ctx.db, run)).toEqual([]);
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

test("a run says where it is, whom it counts without a zone, and when it is a member's turn", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 20 * hour });
  const { ctx } = earth;
  await earth.settle({ "Asia/Kolkata": 4, "Europe/Paris": 3, "": 5, Nowhere: 2, "America/New_York": 6 });
  const run = await earth.launch({ startsAt: nine });
  const tells = async () => (await localTimeOfRuns(ctx, [await findRun(ctx, run)]))[0];
  const why = async (member: number) => accepted(await whyMember(ctx, { run, member })).summary;
  await earth.until(nine - 3 * hour);
  expect(await why(20)).toContain(
    "2027-06-01T13:00:00.000Z, when the clock in America/New_York shows 2027-06-01T09:00",
  );
  await earth.moves(20, "Asia/Kolkata");
  await earth.until(nine - 2 * hour);
  expect(await why(20)).toContain("changed into a zone whose time had passed");
  await earth.until(nine + hour);
  const [progress] = await runProgress(ctx, [run]);
  expect(progress?.waitsFor).toBe("its next wave at 2027-06-01T13:00:00.000Z");
  expect(await tells()).toEqual({
    time: "2027-06-01T09:00:00",
    withoutZone: 7,
    waves: [
      wave(nine - 3.5 * hour, "+05:30", ["Asia/Kolkata"], 4, "DONE"),
      wave(nine, "+02:00", ["Europe/Berlin", "Europe/Paris"], 10, "DONE"),
      wave(nine + 6 * hour, "-04:00", ["America/New_York"], 0, "WAITING"),
    ],
  });
  await earth.until(nine + 7 * hour);
  expect((await tells())?.waves.map(({ members }) => members)).toEqual([4, 10, 5, 1]);
  expect(await runOf(ctx.db, run)).toMatchObject({ state: "COMPLETED", matched: 20 });
});

function wave(at: number, offset: string, zones: string[], members: number, state: WaveState) {
  return { at, offset, zones, members, state, isSkipped: false };
}

test("a campaign needs a time that clocks can show, and none that is put off by chance", async () => {
  const { ctx } = await openLedger();
  const faults = async (draft: Partial<CampaignDraft>) => {
    const made = await createCampaign(ctx, { name: "Sale", channels: ["IN_APP"], localTime: {}, ...draft });
    return isRefusal(made) && made.code === "INVALID_INPUT" ? made.issues.map(({ path }) => path) : [];
  };
  const schedule = { recurrence: { at: Date.now() + hour }, zone: "Europe/Berlin" };
  expect(await faults({})).toEqual(["localTime"]);
  expect(await faults({ schedule: { ...schedule, jitterSeconds: 60 } })).toEqual(["schedule.jitterSeconds"]);
  expect(await faults({ schedule })).toEqual([]);
  expect(await faults({ startsAt: Date.now() })).toEqual([]);
});
