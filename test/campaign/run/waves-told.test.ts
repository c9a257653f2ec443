import { afterAll, expect, test } from "bun:test";
import { type CampaignDraft, createCampaign } from "../../../src/campaign/draft/campaign.ts";
import { runProgress } from "../../../src/campaign/progress/progress.ts";
import { localTimeOfRuns, type WaveState } from "../../../src/campaign/progress/waves.ts";
import { whyMember } from "../../../src/campaign/progress/why.ts";
import { simulateLaunch } from "../../../src/campaign/rehearsal/simulate.ts";
import { findRun } from "../../../src/campaign/run/run.ts";
import { isRefusal } from "../../../src/errors.ts";
import { earthOf } from "../../support/by-clocks.ts";
import { runOf } from "../../support/ledger.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { accepted, addCampaign } from "../../support/shop.ts";

afterAll(closeLedgers);

const hour = 3_600_000;
const nine = Date.parse("2027-06-01T09:00+02:00");

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

test("a simulation tells of the waves: where they begin and end, whom each finds, and who has no zone", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 3 * hour });
  const { ctx } = earth;
  await earth.settle({ "Asia/Kolkata": 4, "Europe/Paris": 3, "": 5, Nowhere: 2, "America/New_York": 6 });
  const foreseen = async (draft: Partial<CampaignDraft>) => {
    const id = await addCampaign(ctx, { channels: ["IN_APP"], ...draft });
    return accepted(await simulateLaunch(ctx, { id })).localTime;
  };
  const now = nine - 3 * hour;
  const ofKolkata = wave(nine - 3.5 * hour, "+05:30", ["Asia/Kolkata"], 4, "RUNNING");
  const others = [
    wave(nine, "+02:00", ["Europe/Berlin", "Europe/Paris"], 10, "WAITING"),
    wave(nine + 6 * hour, "-04:00", ["America/New_York"], 6, "WAITING"),
  ];
  const told = { time: "2027-06-01T09:00:00", withoutZone: 7 };
  const late = { startsAt: nine, localTime: { passed: "NEXT_DAY" as const } };
  expect(await foreseen({ startsAt: nine })).toBeNull();
  expect(await foreseen({ startsAt: nine, localTime: {} })).toEqual({ ...told, waves: [ofKolkata, ...others] });
  // A wave half an hour late still is in time; five minutes on it has passed.
  earth.set(now + 5 * 60_000);
  const onTomorrow = wave(nine + 20.5 * hour, "+05:30", ["Asia/Kolkata"], 4, "WAITING");
  expect(await foreseen(late)).toEqual({ ...told, waves: [...others, onTomorrow] });
  expect((await foreseen({ ...late, localTime: { passed: "SKIP" } }))?.waves[0]).toEqual({
    ...ofKolkata,
    isSkipped: true,
  });
  const schedule = { recurrence: { cron: { line: "0 9 * * *" } }, zone: "Europe/Berlin" };
  expect(await foreseen({ schedule, localTime: {} })).toMatchObject(told);
  const some = { filter: { timeZone: { in: ["Asia/Kolkata"] } } };
  expect(await foreseen({ startsAt: nine, localTime: {}, audience: some })).toMatchObject({ withoutZone: 0 });
});

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
