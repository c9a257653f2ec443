import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { returnToDraft } from "../../../src/campaign/control/return.ts";
import { findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { duplicateCampaign } from "../../../src/campaign/draft/duplicate.ts";
import { field, rows } from "../../../src/db/bulk.ts";
import { isRefusal } from "../../../src/errors.ts";
import { backfillSchedule } from "../../../src/schedule/backfill.ts";
import { cancelOccurrence, pauseSchedule, resumeSchedule } from "../../../src/schedule/control.ts";
import { fireDue } from "../../../src/schedule/fire.ts";
import { setHolidays } from "../../../src/schedule/set-holidays.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import {
  endRuns,
  hour,
  minute,
  recurring,
  runTimes,
  scheduleOf,
  sweep,
  timesOf,
  told,
  toWholeHour,
} from "../../support/schedules.ts";
import { accepted } from "../../support/shop.ts";

afterAll(closeLedgers);

const cron = (line: string, until: number | null = null) => ({ cron: { line, from: null, until } });

async function open(): Promise<Ledger & { start: number }> {
  const ledger = await openLedger();
  await ledger.members(3);
  return { ...ledger, start: toWholeHour(ledger) };
}

/** So many minutes go by, with a sweep in each; what was set off is over at once unless it goes on. */
async function minutes({ ctx, pass }: Ledger, n: number, goesOn = false): Promise<void> {
  for (let i = 0; i < n; i++) {
    pass(minute);
    await sweep(ctx);
    if (!goesOn) await endRuns(ctx);
  }
}

const stateOf = async ({ ctx }: Ledger, campaign: number) => (await findCampaign(ctx, campaign))?.state;

test("a campaign with a cron line has a run for each of its times, and ends after the last", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const recurrence = cron("*/15 * * * *", start + 45 * minute);
  const { campaign, schedule } = await recurring(ledger, { recurrence });
  await minutes(ledger, 44);
  expect(await stateOf(ledger, campaign)).toBe("ACTIVE");
  await minutes(ledger, 2);
  expect(await runTimes(ctx, campaign)).toEqual([15, 30, 45].map((at) => start + at * minute));
  expect((await scheduleOf(ctx, campaign)).state).toBe("ENDED");
  await minutes(ledger, 1);
  expect(await stateOf(ledger, campaign)).toBe("ENDED");
  expect(isRefusal(await pauseSchedule(ctx, { id: schedule }))).toBe(true);
});

test("two campaigns at one instant of two zones both come, once each", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const at = start + 20 * minute;
  const line = (zone: string) => {
    const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
    return { recurrence: cron(`${minute} ${hour} * * *`), zone };
  };
  const both = [await recurring(ledger, line("Europe/Berlin")), await recurring(ledger, line("Asia/Kolkata"))];
  await minutes(ledger, 25);
  for (const { campaign } of both) expect(await runTimes(ctx, campaign)).toEqual([at]);
});

test("all times of a spread are seen beforehand, and one that is cancelled does not come", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const spread = { from: start + 10 * minute, until: start + 50 * minute, count: 5 };
  const { campaign, schedule } = await recurring(ledger, { recurrence: { spread } });
  expect(await told(ctx, schedule, start)).toEqual([10, 20, 30, 40, 50].map((at) => `+${at} PLANNED`));
  accepted(await cancelOccurrence(ctx, { id: schedule, plannedAt: start + 30 * minute }));
  expect(await cancelOccurrence(ctx, { id: schedule, plannedAt: start + 31 * minute })).toMatchObject({
    code: "NOT_FOUND",
  });
  await minutes(ledger, 51);
  expect(await told(ctx, schedule, start)).toEqual([
    "+10 FIRED ON_TIME",
    "+20 FIRED ON_TIME",
    "+30 CANCELLED BY_OPERATOR",
    "+40 FIRED ON_TIME",
    "+50 FIRED ON_TIME",
  ]);
  expect(await cancelOccurrence(ctx, { id: schedule, plannedAt: start + 10 * minute })).toMatchObject({
    code: "WRONG_STATE",
  });
  expect(await stateOf(ledger, campaign)).toBe("ENDED");
});

test("paused, with a note, it skips what comes due, and goes on with what comes after it was resumed", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const { campaign, schedule } = await recurring(ledger, { recurrence: cron("*/10 * * * *", start + hour) });
  await minutes(ledger, 12);
  accepted(await pauseSchedule(ctx, { id: schedule, note: "the shop is being moved" }));
  expect(await scheduleOf(ctx, campaign)).toMatchObject({ state: "PAUSED", note: "the shop is being moved" });
  await minutes(ledger, 11);
  // Nobody came to this one before it is resumed.
  ledger.pass(8 * minute);
  accepted(await resumeSchedule(ctx, { id: schedule }));
  expect((await scheduleOf(ctx, campaign)).note).toBeNull();
  await minutes(ledger, 12);
  expect((await told(ctx, schedule, start)).slice(0, 4)).toEqual([
    "+10 FIRED ON_TIME",
    "+20 SKIPPED PAUSED",
    "+30 SKIPPED PAUSED",
    "+40 FIRED ON_TIME",
  ]);
});

test("while a campaign is paused its times are skipped, and say so", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const { campaign, schedule } = await recurring(ledger, { recurrence: cron("*/10 * * * *", start + 30 * minute) });
  await minutes(ledger, 11);
  accepted(await pauseCampaign(ctx, { id: campaign }));
  await minutes(ledger, 11);
  accepted(await resumeCampaign(ctx, { id: campaign }));
  await minutes(ledger, 10);
  expect(await told(ctx, schedule, start)).toEqual([
    "+10 FIRED ON_TIME",
    "+20 SKIPPED NOT_ACTIVE",
    "+30 FIRED ON_TIME",
  ]);
});

test("of those that come while a run goes on one waits, and comes as soon as that is over", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const recurrence = cron("*/10 * * * *", start + 50 * minute);
  const { campaign, schedule } = await recurring(ledger, { recurrence, overlap: "QUEUE_ONE" });
  await minutes(ledger, 35, true);
  expect(await runTimes(ctx, campaign)).toEqual([start + 10 * minute]);
  await endRuns(ctx);
  await minutes(ledger, 1, true);
  expect(await runTimes(ctx, campaign)).toEqual([10, 20].map((at) => start + at * minute));
  await minutes(ledger, 16);
  expect(await told(ctx, schedule, start)).toEqual([
    "+10 FIRED ON_TIME",
    "+20 FIRED AFTER_OVERLAP",
    "+30 SKIPPED OVERLAPPED",
    "+40 FIRED ON_TIME",
    "+50 FIRED ON_TIME",
  ]);
});

test("what was missed for longer than is planned ahead comes once: its newest stands for all", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const { campaign, schedule } = await recurring(ledger, { recurrence: cron("* * * * *", start + 400 * minute) });
  ledger.pass(330 * minute + 30_000);
  await fireDue(ctx);
  // By those that are not missed yet: two minutes are nothing.
  expect(await runTimes(ctx, campaign)).toEqual([start + 329 * minute]);
  const became = Map.groupBy(await timesOf(ctx, schedule), ({ decision }) => decision);
  expect(became.get("SUPERSEDED")?.length).toBe(328);
  expect(became.get("ON_TIME")?.length).toBe(1);
  expect((await scheduleOf(ctx, campaign)).missed).toBe(328);
});

test("a backfill makes up for what did not come, once; a dry run says which, and does nothing", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const { campaign, schedule } = await recurring(ledger, { recurrence: cron("*/10 * * * *"), misfire: "SKIP" });
  await minutes(ledger, 12);
  ledger.pass(28 * minute);
  await minutes(ledger, 5);
  const range = { id: schedule, from: start + minute, until: start + 41 * minute };
  const missing = [20, 30].map((at) => start + at * minute);
  expect(accepted(await backfillSchedule(ctx, { ...range, dryRun: true }))).toMatchObject({ times: missing, fired: 2 });
  expect((await runTimes(ctx, campaign)).length).toBe(2);
  expect(accepted(await backfillSchedule(ctx, { ...range, dryRun: false }))).toMatchObject({ times: missing });
  expect(accepted(await backfillSchedule(ctx, { ...range, dryRun: false })).times).toEqual([]);
  expect(await runTimes(ctx, campaign)).toEqual([10, 20, 30, 40].map((at) => start + at * minute));
  expect((await told(ctx, schedule, start)).slice(1, 3)).toEqual(["+20 FIRED BACKFILLED", "+30 FIRED BACKFILLED"]);
  const ahead = { ...range, until: ctx.clock() + hour, dryRun: true };
  expect(await backfillSchedule(ctx, ahead)).toMatchObject({ code: "INVALID_INPUT" });
  expect(await backfillSchedule(ctx, { ...ahead, from: 0, until: start })).toMatchObject({ code: "INVALID_INPUT" });
});

test("a backfill leaves nothing out behind what has fired already", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const { schedule } = await recurring(ledger, { recurrence: cron("* * * * *") });
  const fired = Array.from({ length: 230 }, (_, n) => ({ at: start - (n + 71) * minute }));
  await ctx.db.write([
    sql`
      INSERT INTO occurrence (schedule, planned_at, due_at, state, decision, decided_at)
      SELECT ${schedule}, ${field("at")}, ${field("at")}, 'FIRED', 'ON_TIME', ${start} FROM ${rows(fired)}`,
  ]);
  const range = { id: schedule, from: start - 300 * minute, until: start - minute, dryRun: true };
  const made = accepted(await backfillSchedule(ctx, range));
  expect([made.times.length, made.times[0], made.fired]).toEqual([70, start - 70 * minute, 230]);
});

test("days that are said or unsaid on a list of holidays are heeded by what is planned already", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const day = (n: number) => new Date(start + n * 24 * hour).toISOString().slice(0, 10);
  const list = accepted(await setHolidays(ctx, { name: "Days off", dates: [day(1)] }));
  const exclude = { dates: [], holidays: [list.id] };
  const spread = { from: start + hour, until: start + 73 * hour, count: 4 };
  const { campaign, schedule } = await recurring(ledger, { recurrence: { spread }, exclude });
  const states = async (): Promise<string[]> =>
    (await timesOf(ctx, schedule)).map(({ state, decision }) => decision ?? state);
  const noHour23 = new Date(start + hour).toISOString().slice(0, 10) === day(0);
  const expected = noHour23
    ? ["PLANNED", "EXCLUDED", "PLANNED", "PLANNED"]
    : ["EXCLUDED", "PLANNED", "PLANNED", "PLANNED"];
  expect(await states()).toEqual(expected);
  accepted(await setHolidays(ctx, { name: "Days off", dates: [day(2), day(3), "2020-01-01"] }));
  const after = noHour23
    ? ["PLANNED", "PLANNED", "EXCLUDED", "EXCLUDED"]
    : ["PLANNED", "EXCLUDED", "EXCLUDED", "PLANNED"];
  expect(await states()).toEqual(after);
  expect((await scheduleOf(ctx, campaign)).state).toBe("ACTIVE");
  const unknown = { channels: ["IN_APP" as const], schedule: { recurrence: { at: start + hour }, zone: "UTC" } };
  const naming = { ...unknown, schedule: { ...unknown.schedule, exclude: { dates: [], holidays: [list.id + 1] } } };
  expect(ledger.campaign(naming)).rejects.toThrow("there is no list of holidays");
});

test("past the campaign's end nothing comes any more, and it is over", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const schedule = { recurrence: cron("*/10 * * * *"), zone: "UTC" };
  const id = await ledger.campaign({ channels: ["IN_APP"], schedule, endsAt: start + 25 * minute });
  accepted(await launchCampaign(ctx, { id }));
  await minutes(ledger, 32);
  expect(await runTimes(ctx, id)).toEqual([10, 20].map((at) => start + at * minute));
  expect((await scheduleOf(ctx, id)).state).toBe("ENDED");
  expect(await stateOf(ledger, id)).toBe("ENDED");
});

test("taken back before its run began, it has not fired; launched again, it comes as it is then", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const { campaign, schedule } = await recurring(ledger, { recurrence: cron("*/10 * * * *") });
  await minutes(ledger, 11, true);
  accepted(await returnToDraft(ctx, { id: campaign }));
  expect(await runTimes(ctx, campaign)).toEqual([]);
  expect(await told(ctx, schedule, start)).toEqual(["+10 SKIPPED NOT_ACTIVE"]);
  await minutes(ledger, 10);
  accepted(await launchCampaign(ctx, { id: campaign }));
  await minutes(ledger, 10);
  expect(await runTimes(ctx, campaign)).toEqual([start + 30 * minute]);
  expect((await scheduleOf(ctx, campaign)).id).toBe(schedule);
});

test("taken back when the first clock has shown its time, and launched again, it comes all the same", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const at = start + 30 * hour;
  const schedule = { recurrence: { at }, zone: "UTC" };
  const id = await ledger.campaign({ channels: ["IN_APP"], schedule, localTime: { passed: "NOW" } });
  accepted(await launchCampaign(ctx, { id }));
  ledger.pass(17 * hour);
  await sweep(ctx);
  expect((await runTimes(ctx, id)).length).toBe(1);
  accepted(await returnToDraft(ctx, { id }));
  accepted(await launchCampaign(ctx, { id }));
  ledger.pass(minute);
  await sweep(ctx);
  expect((await runTimes(ctx, id)).length).toBe(1);
});

test("taken back when the own clock had shown its time, too, and its run had not begun, it has not fired", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const at = start + 30 * hour;
  const localTime = { passed: "NOW" } as const;
  const id = await ledger.campaign({
    channels: ["IN_APP"],
    localTime,
    schedule: { recurrence: { at }, zone: "America/New_York" },
  });
  accepted(await launchCampaign(ctx, { id }));
  ledger.pass(17 * hour);
  await sweep(ctx);
  ledger.pass(14 * hour);
  const { id: schedule } = await scheduleOf(ctx, id);
  expect(await told(ctx, schedule, start)).toEqual(["+1800 FIRED LATE"]);
  accepted(await returnToDraft(ctx, { id }));
  expect(await runTimes(ctx, id)).toEqual([]);
  expect(await told(ctx, schedule, start)).toEqual(["+1800 SKIPPED NOT_ACTIVE"]);
});

test("nothing is launched of which no time is left; a copy of it begins once", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  const schedule = { recurrence: { at: start + 5 * minute }, zone: "UTC" };
  const id = await ledger.campaign({ channels: ["IN_APP"], schedule });
  ledger.pass(6 * minute);
  expect(await launchCampaign(ctx, { id })).toMatchObject({ code: "INVALID_INPUT" });
  expect(accepted(await duplicateCampaign(ctx, { id })).schedule).toBeNull();
  const later = await ledger.campaign({
    channels: ["IN_APP"],
    schedule: { ...schedule, recurrence: cron("0 9 * * *") },
  });
  expect(accepted(await duplicateCampaign(ctx, { id: later })).schedule).toMatchObject({ zone: "UTC" });
});

test("what a wake leaves it leaves once: those that come before their time are not multiplied", async () => {
  const ledger = await open();
  const { ctx, start } = ledger;
  await recurring(ledger, { recurrence: cron("0 * * * *") });
  await recurring(ledger, { recurrence: cron("0 * * * *") });
  await sweep(ctx);
  const wakes = await ctx.db.all<{ at: number }>(sql`
    SELECT not_before AS at FROM outbox WHERE name = 'schedule-wake' ORDER BY 1`);
  expect(wakes.length).toBeGreaterThan(20);
  expect(new Set(wakes.map(({ at }) => at)).size).toBe(wakes.length);
  expect(wakes[0]?.at).toBe(start + hour);
});
