import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { returnToDraft } from "../../../src/campaign/control/return.ts";
import { approveCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { approveRun } from "../../../src/campaign/control/review-run.ts";
import { type CampaignDraft, findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { planStep } from "../../../src/campaign/run/plan.ts";
import { findRun, listRuns } from "../../../src/campaign/run/run.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import type { Context } from "../../../src/context.ts";
import { createSegment, deleteSegment, updateSegment } from "../../../src/member/segment.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
import { accepted, addCampaign, runOfCampaign } from "../../support/shop.ts";

let shop: Ledger;
let [kim, ada]: Context[] = [];
let segment: number;
let made = 0;
const hour = 3_600_000;

beforeAll(async () => {
  shop = await openLedger();
  // Ten of level 1, forty of level 2; a launch to more than twenty needs a second person.
  await shop.members(50, { level: "1 + (i > 10)" });
  const ctx = approvingAbove(shop.ctx, 20);
  [kim, ada] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2)];
});
beforeEach(async () => {
  segment = accepted(await createSegment(kim!, { name: `few ${++made}`, filter: { level: { eq: 1 } } })).id;
});
afterAll(closeLedgers);

const says = (body: string) => ({ IN_APP: { default: { title: "Sale", body } } });
const everyone = { audience: { everyone: true } } as const;
const stateOf = async (id: number) => (await findCampaign(kim!, id))?.state;
const runsOf = (campaign: number) => listRuns(kim!, { campaign, limit: 9 });
const edit = (id: number, draft: Partial<CampaignDraft>) => updateCampaign(kim!, { id, draft });
const approve = async (by: Context, id: number) =>
  approveCampaign(by, { id, version: await campaignVersion(by, (await findCampaign(by, id))!) });

async function launched(more: Partial<CampaignDraft> = {}): Promise<number> {
  const startsAt = kim!.clock() + hour;
  const id = await addCampaign(kim!, {
    channels: ["IN_APP"],
    audience: { segment },
    content: says("Old"),
    startsAt,
    ...more,
  });
  accepted(await launchCampaign(kim!, { id }));
  return id;
}

/** What the run of a campaign says that begins when its time has come, and to how many. */
async function began(id: number, ms = hour) {
  const run = await runOfCampaign(kim!.db, id);
  shop.pass(ms);
  await startRun(kim!, { run });
  await planStep(kim!, { run, from: 0 });
  const row = await kim!.db.first<{ content: string; n: number }>(sql`
    SELECT content, open_matches AS n FROM run WHERE id = ${run}`);
  return { state: (await findRun(kim!, run))?.state, members: row?.n, content: JSON.parse(row?.content ?? "null") };
}

describe("launched, and not begun", () => {
  test("a wrong text is put right: it stays launched, begins with the new one, and its history says so", async () => {
    const id = await launched();
    expect(accepted(await edit(id, { content: says("New") })).state).toBe("ACTIVE");
    expect(await historyOf(kim!, subjectOf("campaign", id))).toMatchObject([
      { what: "edited before its start: content", actor: "operator Kim" },
      { to: "ACTIVE" },
      { what: "created" },
    ]);
    expect(await began(id)).toEqual({ state: "RUNNING", members: 10, content: says("New") });
    expect(await edit(id, { content: says("Late") })).toMatchObject({ code: "WRONG_STATE", currentState: "ACTIVE" });
  });

  test("a wrong start is moved, later or to now; a message for the old one begins nothing", async () => {
    const id = await launched();
    const run = await runOfCampaign(kim!.db, id);
    accepted(await edit(id, { startsAt: kim!.clock() + 3 * hour }));
    shop.pass(hour);
    await startRun(kim!, { run });
    expect((await findRun(kim!, run))?.state).toBe("PENDING");
    accepted(await edit(id, { startsAt: null }));
    expect(await began(id, 0)).toMatchObject({ state: "RUNNING" });
    expect(await runsOf(id)).toHaveLength(1);
  });

  test("above the size it is read by another, does not begin before, and then goes on by itself", async () => {
    const id = await launched();
    const run = await runOfCampaign(kim!.db, id);
    expect(accepted(await edit(id, everyone))).toMatchObject({ state: "IN_REVIEW", launchWhenApproved: true });
    expect(await runsOf(id)).toEqual([]);
    shop.pass(2 * hour);
    await startRun(kim!, { run });
    expect(await approve(kim!, id)).toMatchObject({ code: "FORBIDDEN" });
    expect(accepted(await approve(ada!, id)).state).toBe("ACTIVE");
    expect(await began(id)).toMatchObject({ state: "RUNNING", members: 50 });
    expect((await historyOf(kim!, subjectOf("campaign", id))).map(({ to }) => to)).toEqual([
      "ACTIVE",
      "APPROVED",
      "IN_REVIEW",
      "ACTIVE",
      null, // created
    ]);
  });

  test("whatever is said of a big one that was approved is approved again; fewer need nobody", async () => {
    const id = await addCampaign(kim!, { channels: ["IN_APP"], ...everyone, startsAt: kim!.clock() + hour });
    accepted(await submitCampaign(kim!, { id, launchWhenApproved: true }));
    accepted(await approve(ada!, id));
    expect(accepted(await edit(id, { topic: "shoes" }))).toMatchObject({ state: "IN_REVIEW", approver: null });
    accepted(await approve(ada!, id));
    const fewer = { filter: { level: { eq: 1 } } };
    expect(accepted(await edit(id, { audience: fewer }))).toMatchObject({
      state: "ACTIVE",
      approver: null,
      frozen: { members: 10 },
    });
    expect(await began(id)).toMatchObject({ members: 10 });
  });

  test("what would not be launched is refused, and nothing of it is kept", async () => {
    const id = await launched();
    const before = await findCampaign(kim!, id);
    const past = { startsAt: null, endsAt: kim!.clock() - 1 };
    expect(await edit(id, past)).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "endsAt" }] });
    expect(await edit(id, { content: {} })).toMatchObject({ issues: [{ path: "content.IN_APP.default" }] });
    expect(await edit(id, { audience: { segment: 999 } })).toMatchObject({ code: "INVALID_INPUT" });
    expect(await findCampaign(kim!, id)).toEqual(before);
    accepted(await edit(id, { name: before!.name }));
    expect(await findCampaign(kim!, id)).toEqual(before);
  });

  test("it stays for whom it was launched, whatever became of its segment, until that is said again", async () => {
    const id = await launched();
    accepted(await updateSegment(ada!, { id: segment, filter: { level: { eq: 9 } } }));
    accepted(await edit(id, { name: "Other" }));
    expect((await findCampaign(kim!, id))?.frozen).toMatchObject({
      audience: { filter: { level: { eq: 1 } } },
      members: 10,
    });
    accepted(await edit(id, { audience: { segment } }));
    expect((await findCampaign(kim!, id))?.frozen).toMatchObject({
      audience: { filter: { level: { eq: 9 } } },
      members: 0,
    });
    accepted(await deleteSegment(kim!, segment));
    expect(accepted(await edit(id, { name: "Another" })).name).toBe("Another");
  });

  test("paused before its start it stays paused; above the size it waits for its launch once approved", async () => {
    const id = await launched();
    accepted(await pauseCampaign(kim!, { id }));
    shop.pass(2 * hour);
    expect(accepted(await edit(id, { content: says("New") })).state).toBe("PAUSED");
    accepted(await resumeCampaign(kim!, { id }));
    expect(await began(id, 0)).toMatchObject({ state: "RUNNING", content: says("New") });
    const other = await launched();
    accepted(await pauseCampaign(kim!, { id: other }));
    accepted(await edit(other, everyone));
    expect(accepted(await approve(ada!, other)).state).toBe("APPROVED");
  });

  test("a run that waits because it has grown begins by itself when the edit leaves fewer", async () => {
    const id = await launched({ audience: { filter: { tag: { has: "vip" } } } });
    await kim!.db.write([sql`INSERT INTO member_tag SELECT seq, 'vip' FROM member`]);
    const run = await runOfCampaign(kim!.db, id);
    expect((await began(id)).state).toBe("IN_REVIEW");
    accepted(await edit(id, { audience: { segment } }));
    expect(await approveRun(ada!, { id: run, members: 50 })).toMatchObject({ code: "WRONG_STATE" });
    expect(await began(id, 0)).toMatchObject({ state: "RUNNING", members: 10 });
  });
});

test("edited in review, it is another version: whoever read the old one does not approve it", async () => {
  const id = await addCampaign(kim!, { channels: ["IN_APP"], audience: { segment } });
  accepted(await submitCampaign(kim!, { id }));
  const version = await campaignVersion(ada!, (await findCampaign(ada!, id))!);
  expect(accepted(await edit(id, everyone))).toMatchObject({ state: "IN_REVIEW", frozen: { members: 50 } });
  const refused = { code: "CONFLICT", message: expect.stringContaining("audience by operator Kim") };
  expect(await approveCampaign(ada!, { id, version })).toMatchObject(refused);
  accepted(await approve(ada!, id));
  expect(accepted(await edit(id, { topic: "shoes" }))).toMatchObject({ state: "IN_REVIEW", launchWhenApproved: false });
});

test("edits of a draft at once: nobody's is lost", async () => {
  const id = await addCampaign(kim!, { channels: ["IN_APP"] });
  const drafts: Partial<CampaignDraft>[] = [
    { name: "A" },
    { topic: "b" },
    { popupPriority: 3 },
    { reach: "FIRST_REACHABLE" },
  ];
  for (const answer of await Promise.all(drafts.map((draft) => edit(id, draft)))) accepted(answer);
  expect(await findCampaign(kim!, id)).toMatchObject(Object.assign({}, ...drafts));
});

describe("taken back to be a draft", () => {
  test("its run is gone, its message does nothing, and it is launched again for the same time", async () => {
    const id = await launched();
    const [run] = await runsOf(id);
    const startsAt = run!.dueAt;
    expect(accepted(await returnToDraft(kim!, { id, reason: "typo" }))).toMatchObject({ state: "DRAFT", frozen: null });
    expect(await runsOf(id)).toEqual([]);
    const [last] = await historyOf(kim!, subjectOf("campaign", id));
    expect(last).toMatchObject({ from: "ACTIVE", to: "DRAFT", actor: "operator Kim", reason: "typo" });
    accepted(await edit(id, { content: says("New") }));
    accepted(await launchCampaign(kim!, { id }));
    const [again] = await runsOf(id);
    expect(again).toMatchObject({ state: "PENDING", dueAt: startsAt });
    expect(again!.id).toBeGreaterThan(run!.id);
    shop.pass(hour);
    await startRun(kim!, { run: run!.id });
    expect(await began(id, 0)).toMatchObject({ state: "RUNNING", content: says("New") });
  });

  test("once it has begun it is not", async () => {
    const id = await launched();
    await began(id);
    expect(await returnToDraft(kim!, { id })).toMatchObject({ code: "WRONG_STATE", currentState: "ACTIVE" });
    expect(await returnToDraft(kim!, { id: 9999 })).toMatchObject({ code: "NOT_FOUND" });
    expect(await stateOf(id)).toBe("ACTIVE");
  });
});
