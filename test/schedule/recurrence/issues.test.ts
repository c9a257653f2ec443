import { expect, test } from "bun:test";
import { timingIssues } from "../../../src/schedule/recurrence/issues.ts";
import { Timing } from "../../../src/schedule/recurrence/recurrence.ts";

const now = Date.parse("2027-01-01T12:00:00Z");
const at = (text: string) => Date.parse(text);
const daily = { cron: { line: "0 9 * * *" } };
const countdown = (more: object) => ({ countdown: { every: 1, to: "2027-12-24", time: "09:00", ...more } });

/** What is said, and the one fault that is found: its path below the timing, and what its words hold. */
const faulty: readonly (readonly [said: object, path: string, words: string])[] = [
  [{ recurrence: {} }, "recurrence", "must be one of at, cron, spread, countdown"],
  [{ recurrence: { ...daily, at: at("2027-05-01") } }, "recurrence", "must be one of"],
  [{ recurrence: { weekly: 1 } }, "recurrence", "has no `weekly`"],
  [{ recurrence: daily, zone: "Atlantis/Capital" }, "zone", '"Atlantis/Capital" is no time zone'],
  [{ recurrence: daily, zone: "+02:00" }, "zone", "is no time zone"],
  [{ recurrence: { at: now } }, "recurrence.at", "is in the past"],
  [{ recurrence: { at: 1.5 } }, "recurrence.at", "must be a whole number"],
  [{ recurrence: { cron: { line: "0 9 * *" } } }, "recurrence.cron.line", "has five fields"],
  [{ recurrence: { cron: { line: "0 25 * * *" } } }, "recurrence.cron.line", '"25" is no hour'],
  [{ recurrence: { cron: { line: "0 9 31 2,4 *" } } }, "recurrence.cron.line", "never comes"],
  [
    { recurrence: { cron: { line: "0 9 * * *", from: at("2027-05-02"), until: at("2027-05-01") } } },
    "recurrence.cron.until",
    "lies before the beginning",
  ],
  [{ recurrence: { cron: { line: "0 9 * * *", until: now } } }, "recurrence.cron.until", "is in the past"],
  [
    { recurrence: { cron: { line: "0 9 24 12 *", until: at("2027-05-01") } } },
    "recurrence.cron.until",
    "leaves no time at which the line comes",
  ],
  [
    { recurrence: { spread: { from: now + 2, until: now + 1, count: 1 } } },
    "recurrence.spread.until",
    "lies before the beginning",
  ],
  [
    { recurrence: { spread: { from: now, until: at("2028-01-01"), count: 1_001 } } },
    "recurrence.spread.count",
    "must be at most 1,000",
  ],
  [
    { recurrence: { spread: { from: at("2026-12-01"), until: at("2026-12-02"), count: 5 } } },
    "recurrence.spread.until",
    "is in the past",
  ],
  [{ recurrence: countdown({ to: "2027-02-30" }) }, "recurrence.countdown.to", '"2027-02-30" is no date'],
  [{ recurrence: countdown({ time: "24:00" }) }, "recurrence.countdown.time", "must be a time of the day"],
  [{ recurrence: countdown({ every: 0 }) }, "recurrence.countdown.every", "must be at least 1"],
  [{ recurrence: countdown({ from: "2027-12-25" }) }, "recurrence.countdown.to", "lies before the beginning"],
  [{ recurrence: countdown({ to: "2027-01-01" }) }, "recurrence.countdown.to", "is in the past"],
  [{ recurrence: daily, exclude: { dates: ["2027-12-25", "2027-13-01"] } }, "exclude.dates.1", "is no date"],
  [
    { recurrence: { at: at("2027-12-25T09:00Z") }, exclude: { dates: ["2027-12-25"] } },
    "exclude.dates",
    "leave out all",
  ],
  [{ recurrence: daily, jitterSeconds: -1 }, "jitterSeconds", "must be at least 0"],
  [{ recurrence: { cron: { line: "*/10 * * * *" } }, jitterSeconds: 600 }, "jitterSeconds", "less than 600:"],
  [{ recurrence: { cron: { line: "*/7 * * * *" } }, jitterSeconds: 240 }, "jitterSeconds", "less than 240:"],
  // The clock goes from 02:00 to 03:00 between the two, in the night of 28 March.
  [
    { recurrence: { cron: { line: "0 1,3 * * *" } }, zone: "Europe/Berlin", jitterSeconds: 3_600 },
    "jitterSeconds",
    "less than 3,600:",
  ],
  // 02:10 is moved to 02:40, five minutes after 02:35.
  [
    { recurrence: { cron: { line: "10,35 2 * * *" } }, zone: "Australia/Lord_Howe", jitterSeconds: 300 },
    "jitterSeconds",
    "less than 300:",
  ],
  [{ recurrence: countdown({}), zone: "Europe/Berlin", jitterSeconds: 82_800 }, "jitterSeconds", "less than 82,800:"],
  [
    { recurrence: { spread: { from: now + 1, until: now + 600_001, count: 5 } }, jitterSeconds: 150 },
    "jitterSeconds",
    "must be less than 150:",
  ],
];

test("whatever is wrong is named by its path below the timing, and said in words", () => {
  for (const [said, path, words] of faulty) {
    const issues = timingIssues({ zone: "UTC", ...said }, now);
    expect({ said, issues }).toEqual({ said, issues: [{ path, message: expect.stringContaining(words) }] });
  }
});

test("nothing is wrong with what can be", () => {
  const fine: readonly object[] = [
    { recurrence: { at: now + 1 }, jitterSeconds: 86_400 },
    { recurrence: daily, exclude: { dates: ["2027-12-25"], holidays: [1, 2] }, zone: "europe/berlin" },
    { recurrence: { cron: { line: "0 9 29 2 *", from: null, until: null } } },
    { recurrence: { spread: { from: at("2026-12-31"), until: at("2027-01-02"), count: 3 } } },
    { recurrence: countdown({ to: "2027-01-01", time: "12:01", from: "2027-01-01" }) },
    { recurrence: { cron: { line: "0 1,3 * * *" } }, zone: "Europe/Berlin", jitterSeconds: 3_599 },
    { recurrence: { cron: { line: "* * * * *" } }, zone: "Africa/Casablanca", jitterSeconds: 59 },
  ];
  for (const said of fine)
    expect({ said, issues: timingIssues({ zone: "UTC", ...said }, now) }).toEqual({ said, issues: [] });
});

test("what is kept reads as itself", () => {
  const kept = Timing.parse({ recurrence: daily, zone: "europe/berlin" });
  expect(kept).toEqual({
    recurrence: { cron: { line: "0 9 * * *", from: null, until: null } },
    zone: "Europe/Berlin",
    exclude: { dates: [], holidays: [] },
    jitterSeconds: 0,
  });
  expect(Timing.parse(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
});
