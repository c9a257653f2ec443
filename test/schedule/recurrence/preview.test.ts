import { expect, test } from "bun:test";
import { jitterOf } from "../../../src/schedule/recurrence/jitter.ts";
import { preview } from "../../../src/schedule/recurrence/preview.ts";
import { Timing } from "../../../src/schedule/recurrence/recurrence.ts";

const cron = (line: string) => ({ cron: { line } });
const seen = (zone: string, recurrence: object, after: string, n: number) =>
  preview(Timing.parse({ recurrence, zone }), { zone: "UTC", holidays: new Set() }, Date.parse(after), n);
const notes = (...asked: Parameters<typeof seen>) => seen(...asked).map(({ note }) => note);

test("a time that is skipped says when it comes, and what it falls together with", () => {
  expect(notes("Europe/Berlin", cron("30 2 * * *"), "2027-03-27T00:00Z", 3)).toEqual([
    null,
    "02:30 does not exist on this day in Europe/Berlin: the clock goes from 02:00 to 03:00, it comes at 03:30",
    null,
  ]);
  expect(notes("Europe/Berlin", cron("30 2,3 * * *"), "2027-03-28T00:00Z", 2)).toEqual([
    "02:30 does not exist on this day in Europe/Berlin: the clock goes from 02:00 to 03:00, " +
      "it falls together with 03:30",
    null,
  ]);
  expect(notes("Australia/Lord_Howe", cron("10,35 2 * * *"), "2027-10-02T12:00Z", 3)).toEqual([
    null,
    "02:10 does not exist on this day in Australia/Lord_Howe: the clock goes from 02:00 to 02:30, it comes at 02:40",
    null,
  ]);
  expect(notes("America/Nuuk", cron("30 23 * * *"), "2027-03-27T12:00Z", 1)).toEqual([
    "23:30 does not exist on 2027-03-27 in America/Nuuk: the clock goes from 2027-03-27 23:00 to 2027-03-28 00:00, " +
      "it comes at 2027-03-28 00:30",
  ]);
});

test("of many that are skipped one says how many it stands for", () => {
  expect(notes("Europe/Berlin", cron("*/5 2 * * *"), "2027-03-28T00:00Z", 2)).toEqual([
    "the clock goes from 02:00 to 03:00 on this day in Europe/Berlin: 12 times fall into the skipped hour; " +
      "this one stands for them",
    null,
  ]);
  expect(notes("Australia/Lord_Howe", cron("*/10 * * * *"), "2027-10-03T01:50+10:30", 2)).toEqual([
    "the clock goes from 02:00 to 02:30 on this day in Australia/Lord_Howe: 3 times fall into the skipped half hour; " +
      "this one stands for them",
    null,
  ]);
  expect(notes("Pacific/Apia", cron("0 */6 * * *"), "2011-12-29T18:00-10:00", 2)).toEqual([
    "the clock goes from 2011-12-30 00:00 to 2011-12-31 00:00 on 2011-12-30 in Pacific/Apia: " +
      "4 times fall into the skipped day; this one stands for them",
    null,
  ]);
});

test("a time that comes twice says which of both it is", () => {
  const twice = (time: string, which: string) =>
    `${time} comes twice on this day in Europe/Berlin: the clock goes from 03:00 back to 02:00; this is the ${which}`;
  expect(notes("Europe/Berlin", cron("30 2 * * *"), "2027-10-30T12:00Z", 2)).toEqual([twice("02:30", "first"), null]);
  expect(notes("Europe/Berlin", cron("30 * * * *"), "2027-10-31T01:00+02:00", 4)).toEqual([
    null,
    twice("02:30", "first"),
    twice("02:30", "second"),
    null,
  ]);
  const second = { at: Date.parse("2027-10-31T02:59:59+01:00") };
  expect(notes("Europe/Berlin", second, "2027-01-01T00:00Z", 1)).toEqual([twice("02:59", "second")]);
});

test("other kinds say so, too: a countdown on a day that there is not, a spread through an hour shown twice", () => {
  expect(
    notes("Pacific/Apia", { countdown: { every: 2, to: "2012-01-01", time: "09:00" } }, "2011-12-29T00:00Z", 2),
  ).toEqual([
    "09:00 does not exist on 2011-12-30 in Pacific/Apia: the clock goes from 2011-12-30 00:00 to 2011-12-31 00:00, " +
      "it comes at 2011-12-31 09:00",
    null,
  ]);
  const [from, until] = [Date.parse("2027-10-31T01:30+02:00"), Date.parse("2027-10-31T03:30+01:00")];
  const through = notes("Europe/Berlin", { spread: { from, until, count: 4 } }, "2027-01-01T00:00Z", 4);
  expect(through.map((note) => note?.slice(-6) ?? null)).toEqual([null, " first", "second", null]);
});

test("each is shown as clocks here and there show it, with their offsets, and says if its day is left out", () => {
  const timing = Timing.parse({
    recurrence: cron("30 23 * * *"),
    zone: "America/New_York",
    exclude: { dates: ["2027-12-25"], holidays: [7] },
  });
  const reader = { zone: "Asia/Kolkata", holidays: new Set(["2027-12-26"]) };
  const days = preview(timing, reader, Date.parse("2027-12-24T12:00Z"), 4);
  expect(days.map(({ excluded }) => excluded)).toEqual([false, true, true, false]);
  expect(days[1]).toEqual({
    at: Date.parse("2027-12-25T23:30-05:00"),
    excluded: true,
    note: null,
    here: { zone: "America/New_York", time: "2027-12-25 23:30", offset: "-05:00" },
    there: { zone: "Asia/Kolkata", time: "2027-12-26 10:00", offset: "+05:30" },
  });
  const [second] = seen("Europe/Berlin", { at: Date.parse("2027-05-01T10:00:09Z") }, "2027-01-01T00:00Z", 1);
  expect(second?.here.time).toBe("2027-05-01 12:00:09");
});

test("jitter is whole seconds up to its bound, the same whenever it is asked, and falls everywhere", () => {
  const times = Array.from({ length: 600 }, (_, i) => Date.parse("2027-05-01T00:00Z") + i * 60_000);
  const all = times.map((time) => jitterOf("7", time, 9));
  expect(new Set(all)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((seconds) => seconds * 1_000)));
  expect(times.map((time) => jitterOf("7", time, 9))).toEqual(all);
  expect(times.map((time) => jitterOf("8", time, 9))).not.toEqual(all);
  expect(new Set(times.map((time) => jitterOf("7", time, 0)))).toEqual(new Set([0]));
});
