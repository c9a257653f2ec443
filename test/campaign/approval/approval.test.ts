import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { approveCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { approveRun } from "../../../src/campaign/control/review-run.ts";
import { type CampaignDraft, findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { runProgress } from "../../../src/campaign/progress/progress.ts";
import { simulateLaunch } from "../../../src/campaign/rehearsal/simulate.ts";
import { writePage } from "../../../src/campaign/run/page.ts";
import { planStep } from "../../../src/campaign/run/plan.ts";
import { findRun } from "../../../src/campaign/run/run.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import { byChannel, externalNames } from "../../../src/channels/catalog.ts";
import type { Context } from "../../../src/context.ts";
import { createTemplate, updateTemplate } from "../../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { changeStock } from "../../../src/coupon/template/stock-and-budget.ts";
import { isRefusal } from "../../../src/errors.ts";
import { createSegment, deleteSegment, updateSegment } from "../../../src/member/segment.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { usualTemplate } from "../../support/coupons.ts";
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
  const limits = byChannel(externalNames, () => anyLimits);
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
    for (const writer of [kim!, as(kim!, "Kim", 1, 77)])
      expect(await approveRun(writer, { id: run, members: 40 })).toMatchObject({ code: "FORBIDDEN" });
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

  test("nobody approved of the twenty that need no approval: one more waits for a second person", async () => {
    await tag(1, 20);
    const [asLaunched, paged] = await Promise.all([1, 2].map(() => draft(kim!, { audience: tagged })));
    for (const id of [asLaunched!, paged!]) accepted(await launchCampaign(kim!, { id }));
    const begun = await started(paged!);
    await planStep(kim!, { run: begun, from: 0 });
    await tag(1, 21);
    await writePage(kim!, { run: begun, page: 0 });
    expect([await stateOf(begun), await stateOf(await started(asLaunched!))]).toEqual(["IN_REVIEW", "IN_REVIEW"]);
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

  test("a tag that grows between the start and a page: nothing of it is written until another approves", async () => {
    await tag(1, 10);
    const id = await draft(kim!, { audience: tagged });
    accepted(await launchCampaign(kim!, { id }));
    const run = await started(id);
    await planStep(kim!, { run, from: 0 });
    await tag(1, 40);
    await writePage(kim!, { run, page: 0 });
    expect(await findRun(kim!, run)).toMatchObject({ state: "IN_REVIEW", matched: 0, review: { members: 40 } });
    accepted(await approveRun(ada!, { id: run, members: 40 }));
    await writePage(kim!, { run, page: 0 });
    expect(await findRun(kim!, run)).toMatchObject({ state: "COMPLETED", matched: 40 });
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

describe("what was approved of its coupons", () => {
  /** Coupons of Ada's for everyone, offered by Kim and approved by Ben. */
  async function approved(): Promise<{ readonly id: number; readonly template: number }> {
    const made = accepted(await createTemplate(ada!, { draft: { ...usualTemplate, stock: 99 } }));
    const { id: template } = accepted(await activateTemplate(ada!, { id: made.id }));
    const offer = { kind: "COUPON_ISSUE", couponTemplate: template, channels: [], content: {} } as const;
    const id = await draft(kim!, { ...offer, channels: [], audience: { everyone: true } });
    accepted(await submitCampaign(kim!, { id }));
    expect(await approve(ada!, id)).toMatchObject({ code: "FORBIDDEN" });
    accepted(await approve(ben!, id));
    return { id, template };
  }
  const renames = (template: number) => updateTemplate(ada!, { id: template, draft: { name: "Half price" } });
  const words = "its coupon template's name was changed by operator Ada";

  test("renamed before the launch, it is not launched; nor for other reasons is it held up", async () => {
    const { id, template } = await approved();
    accepted(await changeStock(ada!, { id: template, stock: 120 }));
    accepted(await renames(template));
    const refused = { code: "CONFLICT", message: expect.stringContaining(words) };
    expect(await launchCampaign(kim!, { id })).toMatchObject(refused);
  });

  test("renamed before the start, the run waits, and goes on when that is approved", async () => {
    const { id, template } = await approved();
    accepted(await launchCampaign(kim!, { id }));
    accepted(await changeStock(ada!, { id: template, stock: 120 }));
    accepted(await renames(template));
    const run = await started(id);
    expect(await findRun(kim!, run)).toMatchObject({ state: "IN_REVIEW", review: { members: 50, offer: [words] } });
    accepted(await approveRun(ben!, { id: run, members: 50 }));
    await startRun(kim!, { run });
    expect(await stateOf(run)).toBe("RUNNING");
  });
});
