import { afterAll, beforeAll, expect, test } from "bun:test";
import { announcementsOf } from "../../../src/campaign/announcement/announcements.ts";
import { approvePromotion } from "../../../src/campaign/announcement/approve.ts";
import { disablePromotion } from "../../../src/campaign/announcement/disable.ts";
import { updatePromotion } from "../../../src/campaign/announcement/edit.ts";
import { enablePromotion } from "../../../src/campaign/announcement/enable.ts";
import { reviewOf } from "../../../src/campaign/announcement/review.ts";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { closeOffer } from "../../../src/campaign/control/close-template.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { approveCampaign } from "../../../src/campaign/control/review.ts";
import { findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { runProgress } from "../../../src/campaign/progress/progress.ts";
import { frozenRun } from "../../../src/campaign/run/frozen.ts";
import { findRun } from "../../../src/campaign/run/run.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import type { Context } from "../../../src/context.ts";
import type { PromotionDraft } from "../../../src/promotion/promotion.ts";
import { addPromotion, announcementRuns, versionRead, withLimits } from "../../support/announcements.ts";
import { addTemplate } from "../../support/coupons.ts";
import { runOf } from "../../support/ledger.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
import { accepted } from "../../support/shop.ts";

// Announcements are campaigns, and whoever edits those as such does not take them from their promotion.

let ledger: Ledger;
let [kim, ada, few]: Context[] = [];
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(3);
  const ctx = approvingAbove(withLimits(ledger.ctx), 1);
  [kim, ada] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2)];
  few = approvingAbove(kim!, 10);
});
afterAll(closeLedgers);

const hour = 3_600_000;
const tiers = (off: number) => ({ rule: { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off }] } });
const words = (body: string) => ({ IN_APP: { default: { title: "{{ promotion.name }}", body } } });
const someone = { filter: { externalId: { eq: "m1" } } };
const approve = async (id: number) => approvePromotion(ada!, { id, version: await versionRead(ada!, id) });
const campaign = (id: number) => findCampaign(kim!, id);
const stateOf = async (run: number) => (await runOf(ledger.ctx.db, run)).state;

/** Announced in an hour to three members, as a second person approved; answers the promotion and the campaign. */
async function approved(more: Partial<PromotionDraft> = {}) {
  const id = await addPromotion(kim!, { startsAt: kim!.clock() + hour, ...more });
  accepted(await enablePromotion(kim!, { id }));
  const { announcement } = accepted(await approve(id));
  return { id, told: announcement!.id };
}

/** The same, edited as a campaign, so that it is read again. */
async function inReview() {
  const made = await approved();
  const edited = accepted(await updateCampaign(kim!, { id: made.told, draft: { content: words("Own") } }));
  expect(edited).toMatchObject({ state: "IN_REVIEW", launchWhenApproved: true });
  return made;
}

const approveAgain = async (id: number) =>
  approveCampaign(ada!, { id, version: await campaignVersion(ada!, (await campaign(id))!) });

test("an announcement that is read again is its promotion's: stopped with it, and no second one told", async () => {
  const { id, told } = await inReview();
  expect((await announcementsOf(kim!, [id])).get(id)).toEqual([told]);
  // It was announced, if not begun: nobody asked for another one.
  expect([accepted(await enablePromotion(kim!, { id })).announcement, await reviewOf(kim!, id)]).toEqual([null, null]);
  expect(accepted(await disablePromotion(kim!, { id })).stopped).toMatchObject([{ told: 0, underWay: 0, untold: 3 }]);
  expect(await approveAgain(told)).toMatchObject({ code: "WRONG_STATE", currentState: "CANCELLED" });

  const other = await inReview();
  const again = accepted(await enablePromotion(few!, { id: other.id, announce: "EVERYONE" }));
  expect(again.stopped).toMatchObject([{ campaign: { id: other.told, state: "CANCELLED" } }]);
});

test("an announcement that is read again follows what is changed of its promotion, as another version", async () => {
  const { id, told } = await inReview();
  const read = await campaignVersion(ada!, (await campaign(told))!);
  const startsAt = kim!.clock() + 2 * hour;
  accepted(await updatePromotion(kim!, { id, draft: { name: "Renamed", startsAt } }));
  accepted(await approve(id));
  expect(await campaign(told)).toMatchObject({ state: "IN_REVIEW", name: "Renamed", startsAt });
  expect(await approveCampaign(ada!, { id: told, version: read })).toMatchObject({ code: "CONFLICT" });
  accepted(await approveAgain(told));
  const [run = 0] = await announcementRuns(kim!.db, id);
  expect(await findRun(kim!, run)).toMatchObject({ state: "PENDING", dueAt: startsAt });
});

test("whoever wrote a promotion does not approve of its announcement, nor anybody of terms not read", async () => {
  const { id, told } = await approved(tiers(1));
  const ben = as(kim!, "Ben", 3);
  accepted(await updateCampaign(ben, { id: told, draft: { content: words("Own") } }));
  const read = await campaignVersion(ada!, (await campaign(told))!);
  accepted(await disablePromotion(kim!, { id, announcements: "KEEP" }));
  accepted(await updatePromotion(as(kim!, "Eve", 4), { id, draft: tiers(2) }));
  expect(await approveCampaign(ada!, { id: told, version: read })).toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("its promotion: tiers by operator Eve"),
  });
  const version = await campaignVersion(ada!, (await campaign(told))!);
  for (const by of [ben, kim!, as(kim!, "Eve", 4)]) {
    expect(await approveCampaign(by, { id: told, version })).toMatchObject({ code: "FORBIDDEN" });
  }
  expect(accepted(await approveCampaign(ada!, { id: told, version })).state).toBe("ACTIVE");
});

test("whom an operator chose, and when, stays chosen while something else of the promotion is changed", async () => {
  const startsAt = kim!.clock() + hour;
  const id = await addPromotion(few!, { startsAt });
  const { announcement } = accepted(await enablePromotion(few!, { id }));
  const told = announcement!.id;
  accepted(await updateCampaign(few!, { id: told, draft: { audience: someone, startsAt: startsAt - 1_000 } }));
  accepted(await updatePromotion(few!, { id, draft: { name: "Renamed", remark: "New words" } }));
  const own = { name: "Renamed", audience: someone, startsAt: startsAt - 1_000, frozen: { audience: someone } };
  expect(await campaign(told)).toMatchObject(own);
  accepted(await disablePromotion(few!, { id, announcements: "KEEP" }));
  accepted(await enablePromotion(few!, { id }));
  expect(await campaign(told)).toMatchObject(own);
  const [run = 0] = await announcementRuns(kim!.db, id);
  expect(await findRun(kim!, run)).toMatchObject({ state: "PENDING", dueAt: startsAt - 1_000 });
  // Nobody is told of what is not for them.
  const nobody = { filter: { level: { eq: 9 } } };
  accepted(await updatePromotion(few!, { id, draft: { audience: nobody } }));
  accepted(await approve(id));
  expect(await campaign(told)).toMatchObject({ audience: nobody, frozen: { audience: nobody } });
});

test("approved with other terms and kept, it stops when those of the disabled promotion are changed", async () => {
  const { id, told } = await approved(tiers(1));
  accepted(await disablePromotion(kim!, { id, announcements: "KEEP" }));
  accepted(await updatePromotion(kim!, { id, draft: { remark: "No promise" } }));
  expect((await campaign(told))?.state).toBe("ACTIVE");
  accepted(await updatePromotion(kim!, { id, draft: tiers(2) }));
  accepted(await enablePromotion(kim!, { id }));
  const [run = 0] = await announcementRuns(kim!.db, id);
  ledger.pass(hour);
  await startRun(kim!, { run });
  expect([(await campaign(told))?.state, await stateOf(run)]).toEqual(["CANCELLED", "CANCELLED"]);
});

test("approved is whom it was counted for: another audience has to be asked for again", async () => {
  const id = await addPromotion(kim!);
  accepted(await enablePromotion(kim!, { id }));
  const waiting = (await reviewOf(kim!, id))?.announcement?.campaign ?? 0;
  accepted(await updateCampaign(kim!, { id: waiting, draft: { audience: someone } }));
  expect(await approve(id)).toMatchObject({ code: "CONFLICT" });
  accepted(await enablePromotion(kim!, { id }));
  expect(accepted(await approve(id)).announcement).toMatchObject({ audience: { everyone: true } });
});

test("others whom a promotion is for are counted for what waits, whatever is said of announcing", async () => {
  const id = await addPromotion(kim!);
  accepted(await enablePromotion(kim!, { id }));
  accepted(await updatePromotion(kim!, { id, draft: { audience: someone }, announce: "NO" }));
  expect((await reviewOf(kim!, id))?.announcement?.frozen).toMatchObject({ audience: someone });
  expect(accepted(await approve(id)).announcement).toMatchObject({ audience: someone, frozen: { audience: someone } });
});

test("what announces a promotion stays an announcement, and tells nobody of it once it is over", async () => {
  const endsAt = kim!.clock() + 2 * hour;
  const id = await addPromotion(few!, { startsAt: kim!.clock() + hour, endsAt });
  const told = accepted(await enablePromotion(few!, { id })).announcement!.id;
  const { id: couponTemplate } = await addTemplate(kim!);
  expect(await updateCampaign(few!, { id: told, draft: { kind: "COUPON_ISSUE", couponTemplate } })).toMatchObject({
    code: "INVALID_INPUT",
  });
  accepted(await updateCampaign(few!, { id: told, draft: { endsAt: null } }));
  const [run = 0] = await announcementRuns(kim!.db, id);
  ledger.pass(hour);
  await startRun(few!, { run });
  expect(await frozenRun(kim!, run)).toMatchObject({ endsAt });
});

test("what is given no more is announced by nobody: not begun, kept or approved", async () => {
  const { id: couponTemplate } = await addTemplate(kim!, { issueMode: "SYSTEM" });
  const rule = { kind: "COUPON", tiers: [{ spend: 100, couponTemplate }] };
  const id = await addPromotion(few!, { rule, startsAt: kim!.clock() + hour });
  accepted(await enablePromotion(few!, { id }));
  const [run = 0] = await announcementRuns(kim!.db, id);
  accepted(await closeOffer(few!, { id: couponTemplate, to: "end", invites: "KEEP" }));
  ledger.pass(hour);
  expect(await startRun(few!, { run })).toBe("WHEN_TOLD");
  const [progress] = await runProgress(kim!, [run]);
  expect([await stateOf(run), progress?.waitsFor]).toEqual([
    "PENDING",
    "someone to have its promotion give what is in offer",
  ]);
  accepted(await updatePromotion(few!, { id, draft: tiers(1) }));
  const before = (await ledger.messages())["campaign-start"] ?? 0;
  accepted(await approve(id));
  expect((await ledger.messages())["campaign-start"]).toBe(before + 1);
  await startRun(few!, { run });
  expect(await stateOf(run)).toBe("RUNNING");

  const { id: other } = await addTemplate(kim!, { issueMode: "SYSTEM" });
  const giving = { rule: { kind: "COUPON", tiers: [{ spend: 100, couponTemplate: other }] } };
  const again = await addPromotion(few!, giving);
  accepted(await enablePromotion(few!, { id: again, announce: "NO" }));
  accepted(await enablePromotion(kim!, { id: again, announce: "EVERYONE" }));
  accepted(await closeOffer(few!, { id: other, to: "end" }));
  expect(await approve(again)).toMatchObject({ code: "INVALID_INPUT" });
});

test("an announcement that waits with a change follows what is asked for besides", async () => {
  const at = (hours: number) => Math.floor(kim!.clock() / hour) * hour + hours * hour;
  const [first, second, third] = [at(2), at(3), at(4)];
  const id = await addPromotion(few!, { startsAt: first, ...tiers(1) });
  accepted(await enablePromotion(few!, { id }));
  const change = { startsAt: second, audience: someone, ...tiers(2) };
  accepted(await updatePromotion(few!, { id, draft: change, announce: "EVERYONE" }));
  const everyone = { everyone: true } as const;
  accepted(await updatePromotion(few!, { id, draft: { name: "Lent", startsAt: third, audience: everyone } }));
  const waiting = (await reviewOf(kim!, id))?.announcement;
  expect(waiting?.frozen).toMatchObject({ audience: everyone, members: 3 });
  const asked = { name: "Lent", startsAt: third, audience: everyone };
  expect(await campaign(waiting?.campaign ?? 0)).toMatchObject(asked);
  expect(accepted(await approve(id)).announcement).toMatchObject({ ...asked, state: "ACTIVE" });
});
