import { expect, test } from "bun:test";
import fc from "fast-check";
import { inZone } from "../../../src/cron/clock-change.ts";
import { timesAfter } from "../../../src/schedule/recurrence/recurrence.ts";
import { counted } from "../../support/length.ts";

const dayMs = 86_400_000;
const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

const countdown = fc.record({
  zone: fc.constantFrom("Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"),
  every: fc.integer({ min: 1, max: 40 }),
  to: fc.integer({ min: Date.parse("2027-01-01") / dayMs, max: Date.parse("2029-01-01") / dayMs }),
  // Clocks are changed at night.
  time: fc.constantFrom("00:00", "00:30", "01:45", "02:10", "02:30", "03:00", "09:00", "23:59"),
  days: fc.integer({ min: 0, max: 400 }),
});

test("every so many days, counted back from the date, not before the first day; the same wherever one begins", () => {
  fc.assert(
    fc.property(countdown, fc.nat(400), ({ zone, every, to, time, days }, i) => {
      const [from, end] = [dayOf((to - days) * dayMs), dayOf(to * dayMs)];
      const timing = { recurrence: { countdown: { every, to: end, time, from } }, zone };
      const all = [...timesAfter(timing, 0)];
      const shown = all.map((at) => inZone(zone, at).toPlainDateTime().toString());
      const expected = Array.from({ length: Math.floor(days / every) + 1 }, (_, k) => dayOf((to - k * every) * dayMs));
      expect(shown.map((text) => text.slice(0, 10))).toEqual(expected.reverse());
      // Moved where the clock skips it, and by what it skips.
      const moved = shown.filter((text) => text.slice(11, 16) !== time);
      const minutes = moved.map(
        (text) => (Date.parse(`${text}Z`) - Date.parse(`${text.slice(0, 10)}T${time}Z`)) / 60_000,
      );
      expect(minutes.every((by) => by === (zone === "Australia/Lord_Howe" ? 30 : 60))).toBe(true);
      const after = all[i % all.length]!;
      expect([...timesAfter(timing, after)]).toEqual(all.slice((i % all.length) + 1));
      expect(timesAfter(timing, after - 1).next().value).toBe(after);
    }),
    { numRuns: counted(30, 2_000) },
  );
});
