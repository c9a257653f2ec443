import { expect, test } from "bun:test";
import fc from "fast-check";
import { timingIssues } from "../../../src/schedule/recurrence/issues.ts";
import { timesAfter } from "../../../src/schedule/recurrence/recurrence.ts";
import { counted } from "../../support/length.ts";

const minute = 60_000;
const now = Date.parse("2026-01-01T00:00:00Z");
const zone = "Europe/Berlin";

interface Spread {
  readonly from: number;
  readonly until: number;
  readonly count: number;
}

const times = (spread: Spread) => [...timesAfter({ recurrence: { spread }, zone }, 0)];
const issues = (spread: Spread) => timingIssues({ recurrence: { spread }, zone }, now);

/** Any time, or a few hours before one of the nights on which clocks are changed. */
const start = fc.oneof(
  fc.integer({ min: now + 1, max: now + 5 * 366 * 1_440 * minute }),
  fc
    .tuple(fc.constantFrom("2027-03-27T20:00:00Z", "2027-10-30T20:00:00Z"), fc.integer({ min: 0, max: 300 * minute }))
    .map(([night, more]) => Date.parse(night) + more),
);
const count = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 1_000 }));
const room = fc.oneof(fc.integer({ min: 0, max: 600 * minute }), fc.integer({ min: 0, max: 60 * 1_440 * minute }));
const longEnough = fc
  .tuple(start, count, room)
  .map(([from, count, more]) => ({ from, count, until: from + count * minute + more }));

test("the first is at the start, the last at the end, the others evenly between, each in front of the next", () => {
  fc.assert(
    fc.property(longEnough, (spread) => {
      const { from, until, count } = spread;
      expect(issues(spread)).toEqual([]);
      const found = times(spread);
      expect(found).toHaveLength(count);
      expect(found[0]).toBe(from);
      if (count > 1) expect(found.at(-1)).toBe(until);
      const step = count > 1 ? (until - from) / (count - 1) : 0;
      expect(found.filter((time, i) => Math.abs(time - (from + i * step)) > 1_000)).toEqual([]);
      expect(found.filter((time, i) => i > 0 && time <= found[i - 1]!)).toEqual([]);
      expect(found.slice(1, -1).filter((time) => time % 1_000 !== 0)).toEqual([]);
    }),
    { numRuns: counted(100, 10_000) },
  );
});

test("what comes after one of them is the next, wherever one begins", () => {
  fc.assert(
    fc.property(longEnough, fc.nat(999), (spread, i) => {
      const all = times(spread);
      const after = all[i % all.length]!;
      expect([...timesAfter({ recurrence: { spread }, zone }, after)]).toEqual(all.slice((i % all.length) + 1));
    }),
    { numRuns: counted(50, 2_000) },
  );
});

test("a window of fewer minutes than there are pushes is refused, and told how many it needs", () => {
  const short = fc
    .tuple(start, count, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
    .map(([from, count, part]) => ({ from, count, until: from + Math.floor(part * count * minute) }));
  fc.assert(
    fc.property(short, (spread) => {
      const [{ path, message } = { path: "", message: "" }, ...more] = issues(spread);
      expect(more).toEqual([]);
      expect(path).toBe("recurrence.spread.count");
      const counts = message.match(/[\d,]+/g)?.map((text) => Number(text.replace(",", "")));
      expect(counts).toEqual([spread.count, spread.count, Math.floor((spread.until - spread.from) / minute)]);
    }),
    { numRuns: counted(50, 2_000) },
  );
  const from = Date.parse("2027-05-03T09:00:00Z");
  expect(issues({ from, until: from + 6.5 * minute, count: 10 })).toEqual([
    {
      path: "recurrence.spread.count",
      message: "10 pushes need at least 10 minutes: from start to end there are 6 minutes",
    },
  ]);
  expect(issues({ from, until: from + minute, count: 1 })).toEqual([]);
});
