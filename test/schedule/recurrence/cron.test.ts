import { expect, test } from "bun:test";
import fc from "fast-check";
import { changesAfter, inZone } from "../../../src/cron/clock-change.ts";
import { nextCron } from "../../../src/cron/next-cron.ts";
import { cronFault } from "../../../src/schedule/recurrence/cron-line.ts";
import { preview } from "../../../src/schedule/recurrence/preview.ts";
import { Timing, timesAfter } from "../../../src/schedule/recurrence/recurrence.ts";
import { counted } from "../../support/length.ts";
import { namedBy, timesWatched, watched } from "./wall-clock.ts";

const hour = 3_600_000;
const minute = 60_000;

const places = {
  "Europe/Berlin": "2027",
  "America/New_York": "2027",
  "America/Havana": "2027",
  "America/Nuuk": "2027",
  "America/St_Johns": "2009",
  "Australia/Lord_Howe": "2027",
  "Africa/Casablanca": "2027",
  "Asia/Shanghai": "1987",
  "Pacific/Apia": "2011",
  "Antarctica/Troll": "2027",
};

/** Around each change of a year's clock, what a zone's clock shows. */
const stretches = Object.entries(places).flatMap(([zone, year]) => {
  const start = Date.parse(`${year}-01-01T00:00:00Z`);
  const changes = [...changesAfter(zone, start).take(3)].filter((change) => change < start + 366 * 24 * hour);
  return changes.map((change) => ({ zone, minutes: watched(zone, change - 5 * hour, change + 28 * hour) }));
});

const numbers = (min: number, max: number) => fc.integer({ min, max }).map(String);
const several = (of: fc.Arbitrary<string>) =>
  fc.uniqueArray(of, { minLength: 2, maxLength: 3 }).map((parts) => parts.join(","));
const range = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const mostly = (field: fc.Arbitrary<string>) => fc.oneof({ weight: 4, arbitrary: fc.constant("*") }, field);
const steps = fc.constantFrom("*", "*/5", "*/7", "*/15", "*/20", "*/30", "0", "30");
/** Clocks are changed at night. */
const nightHour = fc.constantFrom("0", "1", "2", "3", "22", "23");
const minutes = fc.oneof(steps, numbers(0, 59), several(numbers(0, 59)), range(0, 59));
const hours = fc.oneof(fc.constantFrom("*", "*/2", "*/6", "1-23/2"), nightHour, several(nightHour), range(0, 23));
const day = fc.oneof(numbers(1, 28), fc.constantFrom("29-31", "1-15", "*/3"));
const weekday = fc.oneof(numbers(0, 7), fc.constantFrom("1-5", "6,0"));
const month = fc.oneof(numbers(1, 12), fc.constantFrom("*/2", "3-11"));
const line = fc
  .tuple(minutes, hours, mostly(day), mostly(month), mostly(weekday))
  // What a step of days means beside a weekday differs from cron to cron.
  .filter(([, , day, , weekday]) => !day.includes("*/") || weekday === "*")
  .map((fields) => fields.join(" "));

test("around every change of a clock a line comes when somebody who looks at that clock would say so", () => {
  fc.assert(
    fc.property(line, fc.nat(stretches.length - 1), (line, i) => {
      const { zone, minutes } = stretches[i]!;
      const [first, last] = [minutes[0]!.at, minutes.at(-1)!.at];
      const found: number[] = [];
      for (const time of timesAfter(timing(line, zone), first - 1)) {
        if (time > last) break;
        found.push(time);
      }
      expect(iso(found)).toEqual(iso(timesWatched(line, minutes)));
    }),
    { numRuns: counted(80, 10_000) },
  );
});

const moment = fc.oneof(
  fc.integer({ min: Date.parse("2020-01-01"), max: Date.parse("2036-01-01") }),
  fc
    .tuple(fc.constantFrom(...stretches), fc.integer({ min: 0, max: 30 * 60 }))
    .map(([{ minutes }, i]) => minutes[Math.min(i, minutes.length - 1)]!.at),
);
const zone = fc.oneof(fc.constantFrom(...Object.keys(places)), fc.constantFrom(...Intl.supportedValuesOf("timeZone")));

test("the n-th of a preview is the n-th that comes, wherever one looks on from, and what the clock then shows", () => {
  fc.assert(
    fc.property(line, zone, moment, fc.double({ min: 0, max: 1, noNaN: true }), (line, zone, from, part) => {
      const said = timing(line, zone);
      const isNamed = namedBy(line);
      let last = from;
      for (const { at, note, here } of preview(said, { zone: "UTC", holidays: new Set() }, from, 20)) {
        const between = last + Math.floor(part * (at - last - 1));
        expect([last, between].map((after) => timesAfter(said, after).next().value)).toEqual([at, at]);
        expect(at).toBeGreaterThan(last);
        expect(here).toEqual({ zone: said.zone, ...shown(said.zone, at) });
        const isMoved = / it comes at |this one stands for them/.test(note ?? "");
        expect(isMoved || isNamed(watched(zone, at, at + minute)[0]!)).toBe(true);
        const [change = Infinity] = changesAfter(said.zone, at - 25 * hour).take(1);
        expect(note === null || change <= at + 3 * hour).toBe(true);
        last = at;
      }
    }),
    { numRuns: counted(60, 10_000) },
  );
});

test("from and until of a line are included", () => {
  const [from, until] = [Date.parse("2027-05-03T09:00:00Z"), Date.parse("2027-05-05T09:00:00Z")];
  const recurrence = { cron: { line: "0 9 * * *", from, until } };
  const days = iso([...timesAfter({ recurrence, zone: "UTC" }, 0)]).map((time) => time.slice(8, 10));
  expect(days).toEqual(["03", "04", "05"]);
  expect([...timesAfter({ recurrence, zone: "UTC" }, from)]).toHaveLength(2);
  expect([...timesAfter({ recurrence, zone: "UTC" }, until)]).toEqual([]);
});

test("a line without an end goes on, through leap years too; one of a day that there is not never comes", () => {
  const leap = [...timesAfter(timing("0 9 29 2 *", "UTC"), Date.parse("2027-01-01")).take(3)];
  expect(iso(leap).map((time) => time.slice(0, 10))).toEqual(["2028-02-29", "2032-02-29", "2036-02-29"]);
  expect(nextCron("0 9 30 2 *", "UTC", 0)).toBeUndefined();
});

test("of a line that is none its field is named", () => {
  expect(cronFault("0 9 * * 1-5")).toBeUndefined();
  const named = ["61 * * * *", "0 24 * * *", "0 9 32 * *", "0 9 * JANU *", "0 9 * * 8"].map(cronFault);
  expect(named).toEqual([
    expect.stringContaining('"61" is no minute'),
    expect.stringContaining('"24" is no hour'),
    expect.stringContaining('"32" is no day of the month'),
    expect.stringContaining('"JANU" is no month'),
    expect.stringContaining('"8" is no weekday'),
  ]);
});

function timing(line: string, zone: string): Timing {
  return Timing.parse({ recurrence: { cron: { line } }, zone });
}

function shown(zone: string, at: number) {
  const local = inZone(zone, at).toString({ timeZoneName: "never", smallestUnit: "minute" });
  return { time: local.slice(0, 16).replace("T", " "), offset: local.slice(16) };
}

function iso(times: readonly number[]): string[] {
  return times.map((time) => new Date(time).toISOString());
}
