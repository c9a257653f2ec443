import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { tidy } from "../../../src/campaign/tidy.ts";
import type { Context } from "../../../src/context.ts";
import { fireDue } from "../../../src/schedule/fire.ts";
import { planAhead } from "../../../src/schedule/plan-ahead.ts";
import { momentOf } from "../../../src/schedule/recurrence/wall.ts";
import { earthOf } from "../../support/by-clocks.ts";
import { bookFaults, runOf } from "../../support/ledger.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

const hour = 3_600_000;
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
