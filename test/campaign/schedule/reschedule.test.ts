import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { approveCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { approveRun } from "../../../src/campaign/control/review-run.ts";
import { findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import { rescheduleCampaign } from "../../../src/campaign/schedule/reschedule.ts";
import type { Context } from "../../../src/context.ts";
import { globalId } from "../../../src/ids.ts";
import { pauseSchedule } from "../../../src/schedule/control.ts";
import { fireDue } from "../../../src/schedule/fire.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { askAs } from "../../support/ask-schema.ts";
import { addTemplate } from "../../support/coupons.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
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
import { accepted, addCampaign } from "../../support/shop.ts";

afterAll(closeLedgers);

const every = (line: string) => ({ recurrence: { cron: { line, from: null, until: null } }, zone: "UTC" });

async function open() {
  const ledger = await openLedger();
  await ledger.members(50, { level: "1 + (i > 30)" });
  return { ...ledger, start: toWholeHour(ledger) };
}

test("after runs it comes at other times, none of the old ones; taken away, it ends with its last run", async () => {
  const { ctx, start, pass, ...ledger } = await open();
  const { campaign, schedule } = await recurring({ ctx, ...ledger }, every("*/10 * * * *"));
  pass(10 * minute);
  await sweep(ctx);
  await endRuns(ctx);
  // This one has come when it is changed, and nobody fired it.
  pass(10 * minute);
  accepted(await rescheduleCampaign(ctx, { id: campaign, schedule: every("*/15 * * * *") }));
  pass(10 * minute);
  await sweep(ctx);
  expect((await told(ctx, schedule, start)).slice(0, 4)).toEqual([
    "+10 FIRED ON_TIME",
    "+20 SKIPPED CHANGED",
    "+30 FIRED ON_TIME",
    "+45 PLANNED",
  ]);
  expect((await historyOf(ctx, subjectOf("campaign", campaign)))[0]?.what).toBe("recurs at other times");
  accepted(await rescheduleCampaign(ctx, { id: campaign, schedule: null }));
  pass(hour);
  await sweep(ctx);
  expect((await findCampaign(ctx, campaign))?.state).toBe("ACTIVE");
  await endRuns(ctx);
  await sweep(ctx);
  expect(await findCampaign(ctx, campaign)).toMatchObject({ state: "ENDED", schedule: null });
  expect(await runTimes(ctx, campaign)).toEqual([10, 30].map((at) => start + at * minute));
  expect(await rescheduleCampaign(ctx, { id: campaign, schedule: null })).toMatchObject({ code: "WRONG_STATE" });
});

test("where its policies alone change, what is planned stays; and so does a pause", async () => {
  const { ctx, ...ledger } = await open();
  const { campaign, schedule } = await recurring({ ctx, ...ledger }, every("*/10 * * * *"));
  const before = (await timesOf(ctx, schedule)).map(({ id }) => id);
  accepted(await pauseSchedule(ctx, { id: schedule, note: "stock-taking" }));
  const draft = { schedule: { ...every("*/10 * * * *"), overlap: "RUN_BOTH" as const }, name: "Sunday" };
  accepted(await updateCampaign(ctx, { id: campaign, draft }));
  expect((await timesOf(ctx, schedule)).map(({ id }) => id)).toEqual(before);
  expect(await scheduleOf(ctx, campaign)).toMatchObject({ state: "PAUSED", note: "stock-taking", name: "Sunday" });
  expect((await scheduleOf(ctx, campaign)).overlap).toBe("RUN_BOTH");
});

test("what was to begin once begins as its schedule says; and once where that is taken away", async () => {
  const { ctx, start, pass, campaign } = await open();
  const id = await campaign({ channels: ["IN_APP"], startsAt: start + hour });
  accepted(await launchCampaign(ctx, { id }));
  accepted(await rescheduleCampaign(ctx, { id, schedule: every("*/10 * * * *") }));
  expect(await runTimes(ctx, id)).toEqual([]);
  pass(10 * minute);
  await sweep(ctx);
  expect(await runTimes(ctx, id)).toEqual([start + 10 * minute]);
  const twice = await campaign({ channels: ["IN_APP"], schedule: every("*/10 * * * *") });
  accepted(await launchCampaign(ctx, { id: twice }));
  accepted(await updateCampaign(ctx, { id: twice, draft: { schedule: null, startsAt: start + 2 * hour } }));
  pass(hour);
  await sweep(ctx);
  expect(await runTimes(ctx, twice)).toEqual([start + 2 * hour]);
});

/** What somebody does to a campaign whose time has come just now, and may not have fired before. */
const deeds: Readonly<Record<string, (ctx: Context, campaign: number, schedule: number) => Promise<unknown>>> = {
  edited: (ctx, id) => rescheduleCampaign(ctx, { id, schedule: every("30 2 1 1 *") }),
  "taken away": (ctx, id) => rescheduleCampaign(ctx, { id, schedule: null }),
  paused: (ctx, _id, schedule) => pauseSchedule(ctx, { id: schedule }),
  deleted: (ctx, id) => cancelCampaign(ctx, { id }),
};
const trials = counted(12, 1_000);

test(`edited, paused, deleted while armed: nothing stale in ${trials} trials against wakes and sweeps`, async () => {
  const { ctx, start, pass, ...ledger } = await open();
  const names = Object.keys(deeds);
  const stale: string[] = [];
  let fired = 0;
  for (let n = 0; n < trials; n++) {
    const name = names[n % names.length] ?? "";
    const at = Math.ceil(ctx.clock() / minute) * minute + minute;
    const { campaign, schedule } = await recurring({ ctx, ...ledger }, { recurrence: { at } });
    pass(at - ctx.clock());
    let doneAt = Number.POSITIVE_INFINITY;
    const deed = async () => {
      // Sooner or later than the others get to their transactions.
      for (let i = 0; i < n % 7; i++) await ctx.db.first(sql`SELECT 1`);
      await deeds[name]?.(ctx, campaign, schedule);
      doneAt =
        (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM run WHERE campaign = ${campaign}`))?.n ?? 0;
    };
    const roads = [deed, () => fireDue(ctx), () => sweep(ctx), () => fireDue(ctx)];
    const first = n % roads.length;
    await Promise.all([...roads.slice(first), ...roads.slice(0, first)].map((road) => road()));
    pass(3 * minute);
    await sweep(ctx);
    // As many as there were when the deed was done: what was late comes to nothing.
    const runs = (await runTimes(ctx, campaign)).length;
    if (runs !== doneAt || runs > 1) stale.push(`${name}, trial ${n}: ${doneAt} became ${runs}`);
    fired += runs;
    await endRuns(ctx);
  }
  expect(stale).toEqual([]);
  // Both came first now and then.
  expect(fired).toBeGreaterThan(0);
  expect(fired).toBeLessThan(trials);
});

test("E5 above the approval size it is asked again only when a run grew past what was approved", async () => {
  const { pass, ...ledger } = await open();
  const ctx = approvingAbove(ledger.ctx, 20);
  const [kim, ada, ben] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2), as(ctx, "Ben", 3)];
  const audience = { filter: { level: { eq: 1 } } };
  const made = await addCampaign(kim, { channels: ["IN_APP"], audience, schedule: every("*/10 * * * *") });
  accepted(await submitCampaign(kim, { id: made, launchWhenApproved: true }));
  const read = await findCampaign(ada, made);
  accepted(await approveCampaign(ada, { id: made, version: read ? await campaignVersion(ada, read) : "" }));
  const next = async (grownTo: number) => {
    await ctx.db.write([sql`UPDATE member SET level = 1 + (seq > ${grownTo})`]);
    pass(10 * minute);
    await sweep(ctx);
    const run = await ctx.db.first<{ id: number }>(sql`SELECT max(id) AS id FROM run WHERE campaign = ${made}`);
    await startRun(ctx, { run: run?.id ?? 0 });
    return ctx.db.first<{ id: number; state: string }>(sql`SELECT id, state FROM run WHERE id = ${run?.id ?? 0}`);
  };
  const over = () => ctx.db.write([sql`UPDATE run SET state = 'COMPLETED' WHERE campaign = ${made}`]);
  expect(await next(30)).toMatchObject({ state: "RUNNING" });
  await over();
  const grown = await next(49);
  expect(grown).toMatchObject({ state: "IN_REVIEW" });
  expect(await approveRun(kim, { id: grown?.id ?? 0, members: 49 })).toMatchObject({ code: "FORBIDDEN" });
  accepted(await approveRun(ada, { id: grown?.id ?? 0, members: 49 }));
  await startRun(ctx, { run: grown?.id ?? 0 });
  await over();
  expect(await next(49)).toMatchObject({ state: "RUNNING" });
  // When it recurs is for somebody else to say, too; that it recurs no more is not.
  const later = { id: made, schedule: every("0 * * * *") };
  expect(await rescheduleCampaign(kim, later)).toMatchObject({ code: "FORBIDDEN" });
  expect(accepted(await rescheduleCampaign(ben, later)).schedule).toMatchObject({ zone: "UTC" });
  expect(accepted(await rescheduleCampaign(kim, { id: made, schedule: null })).schedule).toBeNull();
});

test("a coupon is pushed on a schedule, by one mutation: to those whom it is for each time", async () => {
  const { ctx, start, pass } = await open();
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", perMember: 9 })).id;
  const actor = as(ctx, "Kim", 1).actor;
  const times = [10, 20].map((at) => new Date(start + at * minute).toISOString());
  const answer = await askAs(
    ctx,
    actor,
    `mutation { pushCoupon(input: { couponTemplateId: "${globalId("CouponTemplate", template)}", channels: []
      audience: { filter: { level: { eq: 1 } } }
      schedule: { zone: "Europe/Berlin", recurrence: { spread: { count: 2
        from: "${times[0]}", until: "${times[1]}" } } } }) {
      ... on PushedCoupon { members campaign { scheduleSaid plannedTimes(first: 9) { at }
        schedule { state occurrences(first: 9, upcoming: true) { nodes { state plannedAt } } next(first: 1) { at } } } }
      ... on Refusal { message } } }`,
  );
  expect(JSON.parse(JSON.stringify(answer))).toMatchObject({
    data: {
      pushCoupon: {
        members: 30,
        campaign: {
          scheduleSaid: { zone: "Europe/Berlin", recurrence: { spread: { count: 2, from: times[0] } } },
          schedule: { state: "ACTIVE", next: [{ at: times[0] }] },
        },
      },
    },
  });
  const id = (await ctx.db.first<{ id: number }>(sql`SELECT max(id) AS id FROM campaign`))?.id ?? 0;
  for (let n = 0; n < 2; n++) {
    pass(10 * minute);
    await sweep(ctx);
    await endRuns(ctx);
  }
  expect((await runTimes(ctx, id)).map((at) => new Date(at).toISOString())).toEqual(times);
});
