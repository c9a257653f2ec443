import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { approvePromotion, rejectPromotion } from "../../../src/campaign/announcement/approve.ts";
import { createAndEnable } from "../../../src/campaign/announcement/create.ts";
import { disablePromotion } from "../../../src/campaign/announcement/disable.ts";
import { updatePromotion } from "../../../src/campaign/announcement/edit.ts";
import { enablePromotion } from "../../../src/campaign/announcement/enable.ts";
import { reviewOf } from "../../../src/campaign/announcement/review.ts";
import { findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import type { Context } from "../../../src/context.ts";
import { findPromotion } from "../../../src/promotion/promotion.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { addPromotion, announced, announcementRuns, versionRead, withLimits } from "../../support/announcements.ts";
import { addTemplate, pathsOf } from "../../support/coupons.ts";
import { runOf } from "../../support/ledger.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
import { accepted } from "../../support/shop.ts";

let ledger: Ledger;
let [kim, ada, ben]: Context[] = [];
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(3);
  const ctx = approvingAbove(withLimits(ledger.ctx), 1);
  [kim, ada, ben] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2), as(ctx, "Ben", 3)];
});
afterAll(closeLedgers);

const approve = async (by: Context, id: number) => approvePromotion(by, { id, version: await versionRead(by, id) });
const off = (amount: number) => ({ rule: { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: amount }] } });
const enabled = async (id: number) => (await findPromotion(kim!, id))?.enabled;
const offOf = async (id: number) => (await findPromotion(kim!, id))?.tiers;
const stateOf = async (run: number) => (await runOf(ledger.ctx.db, run)).state;
const told = async (id: number) => (await historyOf(kim!, subjectOf("promotion", id))).map(({ what }) => what);

test("above the approval size a second person approves of promotion and announcement together", async () => {
  const id = await addPromotion(kim!);
  for (let times = 0; times < 2; times++) expect(accepted(await enablePromotion(kim!, { id })).announcement).toBeNull();
  expect(await reviewOf(kim!, id)).toMatchObject({ what: "ENABLE", announcement: { frozen: { members: 3 } } });
  expect(await told(id)).toEqual(["asked for approval: enabled, and announced to 3 members", "created"]);
  for (const by of [kim!, as(kim!, "Kim", 1, 77)]) expect(await approve(by, id)).toMatchObject({ code: "FORBIDDEN" });
  expect([await enabled(id), await announcementRuns(kim!.db, id)]).toEqual([false, []]);
  const { announcement } = accepted(await approve(ada!, id));
  expect(announcement).toMatchObject({ state: "ACTIVE", approver: "operator Ada", frozen: { members: 3 } });
  expect([await enabled(id), await reviewOf(kim!, id)]).toEqual([true, null]);
  const [run = 0] = await announcementRuns(kim!.db, id);
  await startRun(kim!, { run });
  expect(await stateOf(run)).toBe("RUNNING");
  expect(await approve(ben!, id)).toMatchObject({ code: "WRONG_STATE", currentState: "ENABLED" });
});

test("nobody is asked to approve of what cannot be kept", async () => {
  const { id: couponTemplate } = await addTemplate(ledger.ctx, { issueMode: "SYSTEM", state: "DRAFT" });
  const id = await addPromotion(kim!, { rule: { kind: "COUPON", tiers: [{ spend: 100, couponTemplate }] } });
  expect(pathsOf(await enablePromotion(kim!, { id }))).toEqual(["rule.tiers.0.couponTemplate"]);
  expect(await reviewOf(kim!, id)).toBeNull();
});

test("whoever wrote any of it, or asked, does not approve; what is given up leaves no draft", async () => {
  const id = await addPromotion(kim!);
  accepted(await enablePromotion(kim!, { id }));
  accepted(await updatePromotion(ben!, { id, draft: { remark: "Mine, too" } }));
  const before = await reviewOf(kim!, id);
  accepted(await enablePromotion(ada!, { id, announcement: { body: "Other words" } }));
  const after = await reviewOf(kim!, id);
  expect((await findCampaign(kim!, before?.announcement?.campaign ?? 0))?.state).toBe("CANCELLED");
  for (const by of [kim!, ada!, ben!]) expect(await approve(by, id)).toMatchObject({ code: "FORBIDDEN" });
  accepted(await rejectPromotion(ada!, { id, reason: "no" }));
  expect(await rejectPromotion(ada!, { id })).toMatchObject({ code: "WRONG_STATE", currentState: "DISABLED" });
  expect((await findCampaign(kim!, after?.announcement?.campaign ?? 0))?.state).toBe("CANCELLED");
  accepted(await enablePromotion(kim!, { id }));
  accepted(await disablePromotion(kim!, { id }));
  expect([await reviewOf(kim!, id), (await told(id))[0]]).toEqual([
    null,
    "enabling it is not asked for any more: the promotion was disabled",
  ]);
  expect(await announcementRuns(kim!.db, id)).toEqual([]);
});

test("what an enabled one promises changes when a second person approves; what tells otherwise stops", async () => {
  const few = approvingAbove(kim!, 10);
  const id = await addPromotion(few, off(1));
  const run = await announced(few, { id });
  await startRun(few, { run });
  const { remark } = accepted(await updatePromotion(few, { id, draft: { ...off(2), remark: "At once" } }));
  accepted(await updatePromotion(ben!, { id, draft: { startsAt: 0 } }));
  expect([remark, await offOf(id), await stateOf(run)]).toEqual(["At once", off(1).rule.tiers, "RUNNING"]);
  for (const by of [kim!, ben!]) expect(await approve(by, id)).toMatchObject({ code: "FORBIDDEN" });
  const { stopped, announcement } = accepted(await approve(ada!, id));
  expect(stopped).toMatchObject([{ told: 0, underWay: 0, untold: 3 }]);
  expect([announcement, await offOf(id), await stateOf(run)]).toEqual([null, off(2).rule.tiers, "CANCELLING"]);
  // Who asked has written it: with any of it in it again, they do not approve either.
  accepted(await updatePromotion(ada!, { id, draft: off(3) }));
  expect(await approve(ben!, id)).toMatchObject({ code: "FORBIDDEN" });
  accepted(await updatePromotion(ada!, { id, draft: off(2) }));
  expect([await reviewOf(kim!, id), (await told(id))[0]]).toEqual([
    null,
    "the change that waited is given up: it was taken back",
  ]);
});

test("who asked before people worked for shops worked for all of them: what waits since is approved of", async () => {
  const few = approvingAbove(kim!, 10);
  const id = await addPromotion(few, off(1));
  await announced(few, { id });
  accepted(await updatePromotion(few, { id, draft: off(2) }));
  await few.db.write([sql`UPDATE promotion_review SET authors = json_remove(authors, '$[0].shop')`]);
  accepted(await approve(ada!, id));
  expect(await offOf(id)).toEqual(off(2).rule.tiers);
});

test("an edit is announced again only when asked, with what it says then, once it is approved of", async () => {
  const few = approvingAbove(kim!, 10);
  const id = await addPromotion(few, off(1));
  const first = await announced(few, { id });
  accepted(await updatePromotion(few, { id, draft: off(2), announce: "EVERYONE", announcement: { title: "Anew" } }));
  expect(await reviewOf(few, id)).toMatchObject({ what: "EDIT", announcement: { frozen: { members: 3 } } });
  // The announcement that waits stays with it while more is asked for, and is told of nobody but whom that is for.
  accepted(await updatePromotion(few, { id, draft: { audience: { filter: { level: { eq: 9 } } } } }));
  expect(await reviewOf(few, id)).toMatchObject({ what: "EDIT", announcement: { frozen: { members: 0 } } });
  accepted(await updatePromotion(few, { id, draft: { audience: { everyone: true } } }));
  const { announcement } = accepted(await approve(ada!, id));
  const [, second = 0] = await announcementRuns(few.db, id);
  expect([await stateOf(first), await stateOf(second)]).toEqual(["CANCELLED", "PENDING"]);
  expect(announcement).toMatchObject({ audience: { everyone: true }, frozen: { members: 3 } });

  accepted(await updatePromotion(few, { id, draft: { remark: "More words" }, announce: "UNREACHED" }));
  const runs = await announcementRuns(few.db, id);
  expect(await Promise.all(runs.map(stateOf))).toEqual(["CANCELLED", "CANCELLED", "PENDING"]);
  // An answer that was lost is asked for again, and tells nobody twice.
  const again = { id, draft: { remark: "Once" }, announce: "EVERYONE", idempotencyKey: "once" } as const;
  const answers = [await updatePromotion(few, again), await updatePromotion(few, again)];
  expect(answers[1]).toEqual(answers[0]!);
  expect(await updatePromotion(few, { ...again, announce: "NO" })).toMatchObject({ code: "CONFLICT" });
  expect((await announcementRuns(few.db, id)).length).toBe(4);
  accepted(await disablePromotion(few, { id }));
  expect(await updatePromotion(few, { id, draft: {}, announce: "EVERYONE" })).toMatchObject({
    code: "WRONG_STATE",
    currentState: "DISABLED",
  });
});

test("an edit of one that is disabled stops what was kept going, for that is no longer true", async () => {
  const few = approvingAbove(kim!, 10);
  const id = await addPromotion(few, off(1));
  const run = await announced(few, { id });
  await startRun(few, { run });
  accepted(await disablePromotion(few, { id, announcements: "KEEP" }));
  accepted(await updatePromotion(few, { id, draft: { remark: "No promise" } }));
  expect(await stateOf(run)).toBe("RUNNING");
  accepted(await updatePromotion(few, { id, draft: off(2) }));
  expect(await stateOf(run)).toBe("CANCELLING");
});

test("made, enabled and announced in one, or not at all", async () => {
  const draft = { name: "All at once", currency: "EUR", ...off(1) };
  const few = approvingAbove(kim!, 10);
  const { id } = accepted(await createAndEnable(few, { draft, enabled: true }));
  expect([await enabled(id), (await announcementRuns(few.db, id)).length]).toEqual([true, 1]);
  const silent = accepted(await createAndEnable(kim!, { draft, enabled: true, announce: "NO" }));
  expect([silent.enabled, (await announcementRuns(few.db, silent.id)).length]).toEqual([true, 0]);
  const waits = accepted(await createAndEnable(kim!, { draft, enabled: true }));
  expect([waits.enabled, (await reviewOf(few, waits.id))?.what]).toEqual([false, "ENABLE"]);
  for (const faulty of [
    { draft: { ...draft, ...off(99_999) }, enabled: true },
    { draft: { ...draft, audience: { filter: { nothing: 1 } } }, enabled: true },
    { draft, enabled: true, announcement: { body: "{{ promotion.colour }}" } },
  ]) {
    expect(await createAndEnable(few, faulty)).toMatchObject({ code: "INVALID_INPUT" });
  }
  expect(await findPromotion(few, waits.id + 1)).toBeUndefined();
});
