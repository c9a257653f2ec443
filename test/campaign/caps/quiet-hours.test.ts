import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  localDay,
  type QuietHours,
  quietEnd,
  quietEnds,
  registerZones,
} from "../../../src/campaign/caps/quiet-hours.ts";

const at = (text: string) => Date.parse(text);
const endOf = (from: string, to: string, zone: string, now: string) => {
  const end = quietEnd({ from: minutes(from), to: minutes(to) }, zone, at(now));
  return end === null ? null : new Date(end).toISOString();
};
const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

test("quiet hours are those of the member's own clock", () => {
  const hours = ["22:00", "08:00"] as const;
  const now = "2026-03-02T23:30:00Z";
  expect(endOf(...hours, "Europe/Berlin", now)).toBe("2026-03-03T07:00:00.000Z");
  expect(endOf(...hours, "Asia/Kolkata", now)).toBe("2026-03-03T02:30:00.000Z");
  expect(endOf(...hours, "America/New_York", now)).toBeNull();
});

test("a span over midnight is quiet on both sides of it, and its ends are sharp", () => {
  const ends = ["21:59", "22:00", "23:59", "00:00", "07:59", "08:00"].map((time) =>
    endOf("22:00", "08:00", "UTC", `2026-05-01T${time}:30Z`),
  );
  const next = (day: string) => `2026-05-${day}T08:00:00.000Z`;
  expect(ends).toEqual([null, next("02"), next("02"), next("01"), next("01"), null]);
  expect(endOf("22:00", "24:00", "UTC", "2026-05-01T23:00:00Z")).toBe("2026-05-02T00:00:00.000Z");
});

test("a night in which the clock is moved ends when the clock says so", () => {
  expect(endOf("22:00", "08:00", "Europe/Berlin", "2026-03-28T22:00:00Z")).toBe("2026-03-29T06:00:00.000Z");
  expect(endOf("22:00", "08:00", "Europe/Berlin", "2026-10-24T22:00:00Z")).toBe("2026-10-25T07:00:00.000Z");
  // 02:30 does not come on this night: the clock goes on at 03:00.
  expect(endOf("22:00", "02:30", "Europe/Berlin", "2026-03-28T22:00:00Z")).toBe("2026-03-29T01:00:00.000Z");
  // 02:30 comes twice on this one, and so does the half hour before it.
  expect(endOf("22:00", "02:30", "Europe/Berlin", "2026-10-24T22:00:00Z")).toBe("2026-10-25T00:30:00.000Z");
  expect(endOf("22:00", "02:30", "Europe/Berlin", "2026-10-25T01:00:00Z")).toBe("2026-10-25T01:30:00.000Z");
});

test("the end is the first minute at which the wall clock is not quiet, in every zone and on every day", () => {
  const zone = fc.constantFrom(
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
  );
  // Around the days on which clocks are moved, and any other.
  const turns = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-07-01"];
  const now = fc
    .tuple(fc.constantFrom(...turns), fc.integer({ min: -1_440, max: 2_880 }), fc.integer({ min: 0, max: 59_999 }))
    .map(([day, minute, ms]) => at(`${day}T00:00:00Z`) + minute * 60_000 + ms);
  const hours = fc
    .record({ from: fc.integer({ min: 0, max: 1_440 }), to: fc.integer({ min: 0, max: 1_440 }) })
    .filter(({ from, to }) => from % 1_440 !== to % 1_440);
  fc.assert(
    fc.property(zone, now, hours, (zone, now, hours) => {
      expect(quietEnd(hours, zone, now)).toBe(walkedEnd(hours, zone, now));
    }),
    { numRuns: 60 },
  );
});

/** Walks minute by minute, as a person looking at the clock would. */
function walkedEnd(hours: QuietHours, zone: string, now: number): number | null {
  const clock = new Intl.DateTimeFormat("en", { timeZone: zone, hour: "numeric", minute: "numeric", hourCycle: "h23" });
  const isQuiet = (t: number) => {
    const parts = Object.fromEntries(clock.formatToParts(t).map(({ type, value }) => [type, Number(value)]));
    const minute = (parts.hour ?? 0) * 60 + (parts.minute ?? 0);
    const { from, to } = hours;
    return from < to ? from <= minute && minute < to : minute >= from || minute < to;
  };
  if (!isQuiet(now)) return null;
  let t = Math.floor(now / 60_000) * 60_000;
  while (isQuiet(t)) t += 60_000;
  return t;
}

test("every zone has an answer, however it is spelt; what is no zone counts as the shop's", () => {
  registerZones(["Asia/Calcutta", "europe/berlin", "Atlantis/Capital"]);
  const ends = JSON.parse(quietEnds({ from: 1_320, to: 480 }, "Europe/Berlin", at("2026-03-02T23:30:00Z")));
  expect(ends["Asia/Kolkata"]).toBe(ends["Asia/Calcutta"]);
  expect(ends["europe/berlin"]).toBe(ends["Europe/Berlin"]);
  expect(ends["Atlantis/Capital"]).toBe(ends["Europe/Berlin"]);
  expect(ends["America/New_York"]).toBe(0);
  expect(Object.keys(ends).length).toBeGreaterThan(400);
});

test("a day is that of the zone's calendar", () => {
  expect(localDay("Europe/Berlin", at("1970-01-01T22:59:59Z"))).toBe(0);
  expect(localDay("Europe/Berlin", at("1970-01-01T23:00:00Z"))).toBe(1);
  expect(localDay("America/New_York", at("1970-01-01T04:59:59Z"))).toBe(-1);
});
