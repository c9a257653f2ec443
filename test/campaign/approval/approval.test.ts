import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { approveCampaign, rejectCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { approveRun } from "../../../src/campaign/control/review-run.ts";
import { type CampaignDraft, findCampaign, updateCampaign } from "../../../src/campaign/draft/campaign.ts";
import { runProgress } from "../../../src/campaign/progress/progress.ts";
import { simulateLaunch } from "../../../src/campaign/rehearsal/simulate.ts";
import { planStep } from "../../../src/campaign/run/plan.ts";
import { findRun } from "../../../src/campaign/run/run.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { createSegment, deleteSegment, updateSegment } from "../../../src/member/segment.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
import { accepted, addCampaign, runOfCampaign } from "../../support/shop.ts";

let shop: Ledger;
let [kim, ada, ben]: Context[] = [];
let segment: number;
let made = 0;
const hour = 3_600_000;
const anyLimits = { batch: 100, ratePerSecond: 100, parallelism: 10 };

beforeAll(async () => {
  shop = await openLedger();
  // Ten of level 1, forty of level 2; a launch to more than twenty needs a second person.
  await shop.members(50, { level: "1 + (i > 10)" });
  const limits = Object.fromEntries(["EMAIL", "SMS", "PUSH"].map((name) => [name, anyLimits]));
  const ctx = approvingAbove({ ...shop.ctx, settings: { ...shop.ctx.settings, limits } }, 20);
  [kim, ada, ben] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2), as(ctx, "Ben", 3)];
});
beforeEach(async () => {
  segment = accepted(await createSegment(kim!, { name: `few ${++made}`, filter: { level: { eq: 1 } } })).id;
});
afterAll(closeLedgers);

const draft = (by: Context, more: Partial<CampaignDraft> = {}) =>
  addCampaign(by, { channels: ["IN_APP"], audience: { segment }, startsAt: by.clock() + hour, ...more });
const versionOf = async (id: number) => campaignVersion(kim!, (await findCampaign(kim!, id))!);
const widen = (by: Context) => updateSegment(by, { id: segment, filter: { level: { gte: 1 } } });
const approve = async (by: Context, id: number) => approveCampaign(by, { id, version: await versionOf(id) });

/** Lets the hour pass and begins the run; answers its id. */
async function started(id: number): Promise<number> {
  const run = await runOfCampaign(kim!.db, id);
  shop.pass(hour);
  await startRun(kim!, { run });
  return run;
}

const stateOf = async (run: number) => (await findRun(kim!, run))?.state;

/** How many members a run that began chose. */
async function chosen(run: number): Promise<number> {
  await planStep(kim!, { run, from: 0 });
  const row = await kim!.db.first<{ n: number }>(sql`SELECT open_matches AS n FROM run WHERE id = ${run}`);
  return row?.n ?? 0;
}

describe("what was launched or approved stays as it was", () => {
  test("a segment that is widened, or deleted, after the launch reaches nobody more", async () => {
    const [one, other] = [await draft(kim!), await draft(kim!)];
    for (const id of [one, other]) accepted(await launchCampaign(kim!, { id }));
    accepted(await widen(ada!));
    expect(accepted(await simulateLaunch(kim!, { id: one })).matched).toBe(10);
    const run = await started(one);
    expect([await stateOf(run), await chosen(run)]).toEqual(["RUNNING", 10]);
    accepted(await deleteSegment(kim!, segment));
    const second = await runOfCampaign(kim!.db, other);
    await startRun(kim!, { run: second });
    expect([await stateOf(second), await chosen(second)]).toEqual(["RUNNING", 10]);
  });

  test("a segment that is edited while its launch is checked: what was counted is what is launched", async () => {
    const id = await draft(kim!);
    const [launched] = await Promise.all([launchCampaign(kim!, { id }), widen(kim!)]);
    if (isRefusal(launched)) expect(launched).toMatchObject({ code: "NEEDS_APPROVAL" });
    else expect(await chosen(await started(id))).toBe(10);
  });

  test("a segment that is edited in review: the filter that was submitted is what is approved", async () => {
    const id = await draft(kim!);
    accepted(await submitCampaign(kim!, { id }));
    accepted(await widen(kim!));
    expect(accepted(await approve(ada!, id)).frozen).toMatchObject({
      audience: { filter: { level: { eq: 1 } } },
      members: 10,
    });
  });
});

describe("each start counts again", () => {
  const tagged = { filter: { tag: { has: "vip" } } };
  const tag = (from: number, to: number) =>
    kim!.db.write([
      sql`DELETE FROM member_tag`,
      sql`INSERT INTO member_tag SELECT seq, 'vip' FROM member WHERE seq BETWEEN ${from} AND ${to}`,
    ]);

  /** A campaign to ten, launched by Kim alone, whose tag has forty members when it begins. */
  async function grown(): Promise<number> {
    await tag(1, 10);
    const id = await draft(kim!, { audience: tagged });
    accepted(await launchCampaign(kim!, { id }));
    await tag(1, 40);
    return started(id);
  }

  test("forty instead of the ten that were launched: it waits and says so, until another approves", async () => {
    const run = await grown();
    const [progress] = await runProgress(kim!, [run]);
    expect(progress).toMatchObject({ state: "IN_REVIEW" });
    expect(progress?.waitsFor).toContain("it selects 40 members now, and 10 were agreed to");
    expect(await approveRun(kim!, { id: run, members: 40 })).toMatchObject({ code: "FORBIDDEN" });
    expect(await approveRun(ada!, { id: run, members: 41 })).toMatchObject({ code: "CONFLICT" });
    expect(accepted(await approveRun(ada!, { id: run, members: 40, reason: "all of them" })).state).toBe("PENDING");
    await startRun(kim!, { run });
    expect([await stateOf(run), await chosen(run)]).toEqual(["RUNNING", 40]);
    expect(await historyOf(kim!, subjectOf("run", run))).toMatchObject([
      { from: "IN_REVIEW", to: "PENDING", actor: "operator Ada", reason: "all of them" },
      { from: "PENDING", to: "IN_REVIEW", reason: expect.stringContaining("40 members") },
    ]);
  });

  test("members are chosen at the start; a tenth more, or fewer than need approval, begins by itself", async () => {
    await tag(1, 30);
    const id = await draft(kim!, { audience: tagged });
    accepted(await submitCampaign(kim!, { id }));
    accepted(await approve(ada!, id));
    accepted(await launchCampaign(kim!, { id }));
    await tag(10, 42);
    const run = await started(id);
    expect([await stateOf(run), await chosen(run)]).toEqual(["RUNNING", 33]);

    await tag(1, 5);
    const small = await draft(kim!, { audience: tagged });
    accepted(await launchCampaign(kim!, { id: small }));
    await tag(1, 20);
    expect(await stateOf(await started(small))).toBe("RUNNING");
  });

  test("more again when it was approved: it waits again, with the new number", async () => {
    const run = await grown();
    await tag(1, 50);
    accepted(await approveRun(ada!, { id: run, members: 40 }));
    await startRun(kim!, { run });
    expect(await findRun(kim!, run)).toMatchObject({ state: "IN_REVIEW", review: { members: 50, approved: 40 } });
  });

  test("a paused run that is resumed counts again, and goes on where it was once another approves", async () => {
    await tag(1, 10);
    const id = await draft(kim!, { audience: tagged });
    accepted(await launchCampaign(kim!, { id }));
    const run = await started(id);
    accepted(await pauseCampaign(kim!, { id }));
    await tag(1, 40);
    expect(accepted(await resumeCampaign(kim!, { id })).state).toBe("ACTIVE");
    expect(await stateOf(run)).toBe("IN_REVIEW");
    await planStep(kim!, { run, from: 0 });
    expect(accepted(await approveRun(ada!, { id: run, members: 40 })).state).toBe("RUNNING");
    expect(await chosen(run)).toBe(40);
  });

  test("a waiting run can be cancelled with its campaign", async () => {
    const run = await grown();
    accepted(await cancelCampaign(kim!, { id: (await findRun(kim!, run))!.campaign }));
    expect(await stateOf(run)).toBe("CANCELLED");
  });

  test("starts and approvals at once: a run begins once, and only with what was approved", async () => {
    const run = await grown();
    const answers = await Promise.all([
      ...[1, 2, 3].map(() => startRun(kim!, { run })),
      ...[ada!, ben!].map((by) => approveRun(by, { id: run, members: 40 })),
      ...[1, 2, 3].map(() => startRun(kim!, { run })),
    ]);
    const codes = answers.flatMap((answer) => (answer && isRefusal(answer) ? [answer.code] : []));
    expect(codes).toEqual(["WRONG_STATE"]);
    await startRun(kim!, { run });
    expect([await stateOf(run), await chosen(run)]).toEqual(["RUNNING", 40]);
  });
});

describe("four eyes", () => {
  const everyone = { audience: { everyone: true } } as const;
  const forbidden = { code: "FORBIDDEN" };

  test("whoever rewrote another's draft does not approve it, not with a second token either", async () => {
    const id = await draft(kim!, everyone);
    accepted(await updateCampaign(ada!, { id, draft: { name: "Mine now" } }));
    accepted(await submitCampaign(ada!, { id }));
    expect(await approve(ada!, id)).toMatchObject(forbidden);
    expect(await approve(as(ada!, "Ada", 2, 77), id)).toMatchObject(forbidden);
    expect(await approve(kim!, id)).toMatchObject(forbidden);
    expect(accepted(await approve(ben!, id))).toMatchObject({ state: "APPROVED", approver: "operator Ben" });
  });

  test("nor does who wrote the segment that it is for", async () => {
    const id = await draft(ben!);
    accepted(await widen(ada!));
    accepted(await submitCampaign(ben!, { id }));
    for (const writer of [ada!, kim!, ben!]) expect(await approve(writer, id)).toMatchObject(forbidden);
    expect(accepted(await approve(as(ada!, "Zoe", 9), id)).state).toBe("APPROVED");
  });

  test("what is approved is what was read: of an older version a conflict says what changed, and by whom", async () => {
    const id = await draft(kim!, everyone);
    accepted(await submitCampaign(kim!, { id }));
    const version = await versionOf(id);
    accepted(await rejectCampaign(ben!, { id }));
    accepted(await updateCampaign(kim!, { id, draft: { name: "Other", topic: "shoes" } }));
    accepted(await submitCampaign(kim!, { id }));
    const answer = await approveCampaign(ada!, { id, version });
    expect(answer).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("name, topic by operator Kim") });
    expect(accepted(await approve(ada!, id)).state).toBe("APPROVED");
  });

  test("edited while it is approved: the version that was read, or none", async () => {
    const id = await draft(kim!, everyone);
    accepted(await submitCampaign(kim!, { id }));
    const version = await versionOf(id);
    const rewrite = async () => {
      const back = await rejectCampaign(kim!, { id });
      if (isRefusal(back)) return;
      await updateCampaign(kim!, { id, draft: { name: "Rewritten" } });
      await submitCampaign(kim!, { id });
    };
    const [answer] = await Promise.all([approveCampaign(ada!, { id, version }), rewrite()]);
    const after = await findCampaign(kim!, id);
    if (isRefusal(answer)) expect([after?.state, after?.approver]).toEqual(["IN_REVIEW", null]);
    else expect(answer).toMatchObject({ name: "Sale", state: "APPROVED" });
    if (after?.state === "APPROVED") expect(after.name).toBe("Sale");
  });

  test("approved by two at once, one of them did", async () => {
    const id = await draft(kim!, everyone);
    accepted(await submitCampaign(kim!, { id }));
    const version = await versionOf(id);
    const answers = await Promise.all([ada!, ben!].map((by) => approveCampaign(by, { id, version })));
    expect(answers.filter(isRefusal)).toMatchObject([{ code: "WRONG_STATE", currentState: "APPROVED" }]);
  });
});
