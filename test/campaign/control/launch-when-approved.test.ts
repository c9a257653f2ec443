import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { approveCampaign, rejectCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { type CampaignDraft, findCampaign } from "../../../src/campaign/draft/campaign.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { as } from "../../support/persons.ts";
import { accepted, addCampaign } from "../../support/shop.ts";

let shop: Ledger;
let [kim, ada, ben]: Context[] = [];
const hour = 3_600_000;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(5);
  [kim, ada, ben] = [as(shop.ctx, "Kim", 1), as(shop.ctx, "Ada", 2), as(shop.ctx, "Ben", 3)];
});
afterAll(closeLedgers);

const versionOf = async (id: number) => campaignVersion(kim!, (await findCampaign(kim!, id))!);
const approve = async (by: Context, id: number) => approveCampaign(by, { id, version: await versionOf(id) });
const runsOf = (id: number) =>
  kim!.db.all<{ state: string; due_at: number }>(sql`SELECT state, due_at FROM run WHERE campaign = ${id}`);

async function submitted(more: Partial<CampaignDraft> = {}, launchWhenApproved = true): Promise<number> {
  const id = await addCampaign(kim!, { channels: ["IN_APP"], ...more });
  accepted(await submitCampaign(kim!, { id, launchWhenApproved }));
  return id;
}

test("what is to go on by itself is launched by its approval, for its start, and its history says both", async () => {
  const startsAt = kim!.clock() + hour;
  const id = await submitted({ startsAt });
  expect(await runsOf(id)).toEqual([]);
  expect(accepted(await approve(ada!, id))).toMatchObject({ state: "ACTIVE", approver: "operator Ada" });
  expect(await runsOf(id)).toEqual([{ state: "PENDING", due_at: startsAt }]);
  expect(await historyOf(kim!, subjectOf("campaign", id))).toMatchObject([
    { from: "APPROVED", to: "ACTIVE", actor: "operator Ada", reason: "it was to be launched once approved" },
    { from: "IN_REVIEW", to: "APPROVED", actor: "operator Ada" },
    { from: "DRAFT", to: "IN_REVIEW", actor: "operator Kim" },
    { what: "created" },
  ]);
});

test("approved by many at once it has one run", async () => {
  const id = await submitted();
  const answers = await Promise.all([ada!, ben!, ada!, ben!].map((by) => approve(by, id)));
  expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
  expect(await runsOf(id)).toHaveLength(1);
});

test("one whose end has passed by then, or that lacks its words, is not approved", async () => {
  const late = await submitted({ endsAt: kim!.clock() + hour });
  const silent = await submitted({ content: {} });
  shop.pass(2 * hour);
  expect(await approve(ada!, late)).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "endsAt" }] });
  expect(await approve(ada!, silent)).toMatchObject({
    code: "INVALID_INPUT",
    issues: [{ path: "content.IN_APP.default" }],
  });
  expect([await runsOf(late), await runsOf(silent)]).toEqual([[], []]);
});

test("whether approving launches it is part of what was read", async () => {
  const id = await submitted({}, false);
  const version = await versionOf(id);
  accepted(await rejectCampaign(ada!, { id }));
  accepted(await submitCampaign(kim!, { id, launchWhenApproved: true }));
  expect(await approveCampaign(ada!, { id, version })).toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("approving launches it"),
  });
  accepted(await rejectCampaign(ada!, { id }));
  accepted(await submitCampaign(kim!, { id }));
  expect(accepted(await approve(ada!, id)).state).toBe("APPROVED");
  expect(await runsOf(id)).toEqual([]);
});
