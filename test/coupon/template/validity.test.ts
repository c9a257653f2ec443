import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { assert, asyncProperty, constantFrom, integer, property, tuple } from "fast-check";
import { dayEndSql, dayEnds, endOfDay, maxDays } from "../../../src/coupon/template/day-end.ts";
import { rows } from "../../../src/db/bulk.ts";
import { openTestDatabase } from "../../support/database.ts";
import { counted } from "../../support/length.ts";

const db = await openTestDatabase();
afterAll(() => db.close());

/** North and south, by an hour and by half of one, at midnight and at two, with no summer at all. */
const zones = constantFrom(
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Santiago",
  "Australia/Lord_Howe",
  "Asia/Shanghai",
  "Asia/Beirut",
  "Asia/Kathmandu",
  "Africa/Cairo",
  "Pacific/Kiritimati",
  "Pacific/Niue",
);
const moments = integer({ min: Date.parse("2026-01-01"), max: Date.parse("2032-01-01") });
const days = integer({ min: 0, max: maxDays });

const localDay = (at: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();

test("the end of the D-th day is where that day ends by the zone's clock, and the next one begins", () => {
  assert(
    property(tuple(zones, moments, days), ([zone, at, n]) => {
      const end = endOfDay(at, n, zone);
      const last = localDay(at, zone).add({ days: n });
      expect(localDay(end - 1, zone).toString()).toBe(last.toString());
      expect(localDay(end, zone).toString()).toBe(last.add({ days: 1 }).toString());
      expect(end).toBeGreaterThan(at);
      expect(Math.abs(end - at - (n + 0.5) * 86_400_000)).toBeLessThanOrEqual(14 * 3_600_000);
    }),
    { numRuns: counted(400, 20_000) },
  );
});

test("days on which the clock is moved have 23, 25 or 23.5 hours, also where midnight itself is left out", () => {
  const lasts = (zone: string, day: string) => {
    const noon = Temporal.PlainDateTime.from(`${day}T12:00`).toZonedDateTime(zone).epochMilliseconds;
    return (endOfDay(noon, 1, zone) - endOfDay(noon, 0, zone)) / 3_600_000;
  };
  expect(lasts("Europe/Berlin", "2027-03-27")).toBe(23);
  expect(lasts("Europe/Berlin", "2027-10-30")).toBe(25);
  expect(lasts("Australia/Lord_Howe", "2027-10-02")).toBe(23.5);
  expect(lasts("Africa/Cairo", "2027-04-29")).toBe(23);
  expect(new Date(endOfDay(Date.parse("2027-04-29T12:00:00Z"), 0, "Africa/Cairo")).toISOString()).toBe(
    "2027-04-29T22:00:00.000Z",
  );
});

test("the database finds the same ends among the few that a statement carries", async () => {
  await assert(
    asyncProperty(tuple(zones, moments), async ([zone, at]) => {
      expect(dayEnds(at, zone).length).toBeLessThan(50);
      const asked = Array.from({ length: 40 }, (_, i) => (i * 91 + (at % 91)) % (maxDays + 1));
      const near = dayEnds(at, zone).flatMap(([n]) => [n - 1, n, n + 1].filter((d) => d >= 0 && d <= maxDays));
      const found = await db.all<{ days: number; ends: number }>(sql`
        SELECT valid_days AS days, ${dayEndSql(at, zone)} AS ends
        FROM (SELECT value AS valid_days FROM ${rows([...asked, ...near, maxDays])}) t`);
      for (const { days, ends } of found) expect([days, ends]).toEqual([days, endOfDay(at, days, zone)]);
    }),
    { numRuns: counted(15, 500) },
  );
});
