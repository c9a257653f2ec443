import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../../src/campaign/control/pause.ts";
import { returnToDraft } from "../../../src/campaign/control/return.ts";
import { approveCampaign, rejectCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { type CampaignState, campaignStates } from "../../../src/campaign/state.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(5);
});
afterAll(closeLedgers);

/** The whole life of a campaign: from each state, where each command leads. What is not here is refused. */
const life: Readonly<Record<CampaignState, Readonly<Record<string, CampaignState>>>> = {
  DRAFT: { submit: "IN_REVIEW", launch: "ACTIVE", cancel: "CANCELLED" },
  IN_REVIEW: { approve: "APPROVED", reject: "DRAFT", returnToDraft: "DRAFT", cancel: "CANCELLED" },
  APPROVED: { reject: "DRAFT", returnToDraft: "DRAFT", launch: "ACTIVE", cancel: "CANCELLED" },
  ACTIVE: { pause: "PAUSED", returnToDraft: "DRAFT", cancel: "CANCELLED" },
  PAUSED: { resume: "ACTIVE", returnToDraft: "DRAFT", cancel: "CANCELLED" },
  ENDED: {},
  CANCELLED: {},
};

const commands = {
  submit: submitCampaign,
  approve: async (ctx: Context, input: { id: number; reason?: string }) => {
    const campaign = await findCampaign(ctx, input.id);
    return approveCampaign(ctx, { ...input, version: campaign ? await campaignVersion(ctx, campaign) : "" });
  },
  reject: rejectCampaign,
  returnToDraft,
  launch: launchCampaign,
  pause: pauseCampaign,
  resume: resumeCampaign,
  cancel: cancelCampaign,
};

const later = { startsAt: 4_000_000_000_000 };
async function campaignIn(state: CampaignState): Promise<number> {
  const id = await shop.campaign({ channels: ["IN_APP"], ...later });
  await shop.ctx.db.write([
    sql`UPDATE campaign SET state = ${state}, author = 'operator Ada' WHERE id = ${id}`,
    sql`UPDATE revision SET author = 'operator/1' WHERE subject = ${subjectOf("campaign", id)}`,
  ]);
  return id;
}

for (const state of campaignStates) {
  test(`from ${state} every command leads where it should or is refused, and only what happened is kept`, async () => {
    for (const [name, command] of Object.entries(commands)) {
      const id = await campaignIn(state);
      const answer = await command(shop.ctx, { id, reason: "because" });
      const to = life[state][name];
      const log = await historyOf(shop.ctx, subjectOf("campaign", id));
      if (to) {
        expect([name, answer]).toMatchObject([name, { id, state: to }]);
        expect(log).toMatchObject([{ from: state, to, actor: "job test", reason: "because" }]);
      } else {
        expect([name, answer]).toMatchObject([name, { code: "WRONG_STATE", currentState: state }]);
        expect(log).toEqual([]);
      }
    }
  });
}

test("of many commands at once, as many succeed as the states allow, and the log is one unbroken walk", async () => {
  const id = await campaignIn("ACTIVE");
  const mixed = Array.from({ length: 40 }, (_, i) => (i % 2 ? pauseCampaign : resumeCampaign));
  const answers = await Promise.all(mixed.map((command) => command(shop.ctx, { id })));
  const log = (await historyOf(shop.ctx, subjectOf("campaign", id))).reverse();
  expect(log).toHaveLength(answers.filter((answer) => !isRefusal(answer)).length);
  log.forEach((step, i) => {
    if (i > 0) expect(step.from).toBe(log[i - 1]!.to);
  });
});

test("launched by many at once, a campaign has one run", async () => {
  const id = await shop.campaign({ channels: ["IN_APP"] });
  const answers = await Promise.all(Array.from({ length: 8 }, () => launchCampaign(shop.ctx, { id })));
  expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
  expect(await shop.ctx.db.all(sql`SELECT id FROM run WHERE campaign = ${id}`)).toHaveLength(1);
});

test("a draft that is edited while its launch is checked is not launched unseen", async () => {
  const filter = { level: { gte: 90 } };
  const id = await shop.campaign({ channels: ["IN_APP"], audience: { filter } });
  const [launched, updated] = await Promise.all([
    launchCampaign(shop.ctx, { id }),
    updateCampaign(shop.ctx, { id, draft: { audience: { everyone: true } } }),
  ]);
  expect(isRefusal(updated)).toBe(false);
  expect(launched).toMatchObject({ code: "CONFLICT" });
  expect(await shop.ctx.db.all(sql`SELECT id FROM run WHERE campaign = ${id}`)).toEqual([]);
});
