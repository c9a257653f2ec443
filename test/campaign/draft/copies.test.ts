import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { cancelCampaign } from "../../../src/campaign/control/cancel.ts";
import { deleteCampaign } from "../../../src/campaign/control/delete.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { returnToDraft } from "../../../src/campaign/control/return.ts";
import { approveCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { createCampaign, findCampaign, listCampaigns } from "../../../src/campaign/draft/campaign.ts";
import { duplicateCampaign } from "../../../src/campaign/draft/duplicate.ts";
import { draftOf } from "../../../src/campaign/draft/facts.ts";
import { listRuns } from "../../../src/campaign/run/run.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { createSegment, deleteSegment } from "../../../src/member/segment.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { as } from "../../support/persons.ts";
import { accepted } from "../../support/shop.ts";

let shop: Ledger;
let [kim, ada]: Context[] = [];
const hour = 3_600_000;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(5);
  [kim, ada] = [as(shop.ctx, "Kim", 1), as(shop.ctx, "Ada", 2)];
});
afterAll(closeLedgers);

test("a copy says what the original says: a draft of whoever made it, in times that lie ahead", async () => {
  const { id: couponTemplate } = await addTemplate(kim!);
  const { id: segment } = accepted(await createSegment(kim!, { name: "some", filter: { level: { gte: 1 } } }));
  const [startsAt, endsAt] = [kim!.clock() + hour, kim!.clock() + 3 * hour];
  const original = accepted(
    await createCampaign(kim!, {
      name: "Sale",
      kind: "COUPON_ISSUE",
      couponTemplate,
      topic: "shoes",
      audience: { segment },
      channels: ["IN_APP", "POPUP"],
      reach: "FIRST_REACHABLE",
      content: Object.fromEntries(["IN_APP", "POPUP"].map((name) => [name, { default: { title: "Hi", body: "You" } }])),
      transactional: true,
      popupPriority: 7,
      startsAt,
      endsAt,
    }),
  );
  accepted(await launchCampaign(kim!, { id: original.id }));
  const copy = accepted(await duplicateCampaign(ada!, { id: original.id, name: "Sale again" }));
  expect(draftOf(copy)).toEqual({ ...draftOf(original), name: "Sale again" });
  expect(copy).toMatchObject({ state: "DRAFT", author: "operator Ada", frozen: null, approver: null });
  expect(await historyOf(kim!, subjectOf("campaign", copy.id))).toMatchObject([
    { what: `copied from campaign ${original.id}`, actor: "operator Ada" },
    { what: "created", actor: "operator Ada" },
  ]);
  // Whoever copied it wrote it.
  accepted(await submitCampaign(kim!, { id: copy.id }));
  const version = await campaignVersion(ada!, (await findCampaign(ada!, copy.id))!);
  expect(await approveCampaign(ada!, { id: copy.id, version })).toMatchObject({ code: "FORBIDDEN" });
  shop.pass(2 * hour);
  accepted(await deleteSegment(kim!, segment));
  const late = accepted(await duplicateCampaign(kim!, { id: original.id }));
  expect(late).toMatchObject({ name: "Sale", startsAt: null, endsAt, audience: { filter: { level: { gte: 1 } } } });
});

test("what is over is copied too; what is not there is not; the same key answers the same copy", async () => {
  const id = await shop.campaign({ channels: ["IN_APP"] });
  accepted(await cancelCampaign(kim!, { id }));
  const again = () => duplicateCampaign(kim!, { id, idempotencyKey: "copy" });
  const copies = (await Promise.all([again(), again(), again()])).map(accepted);
  expect(new Set(copies.map((copy) => copy.id)).size).toBe(1);
  expect(copies[0]).toMatchObject({ state: "DRAFT" });
  expect(await duplicateCampaign(kim!, { id, idempotencyKey: "copy", name: "B" })).toMatchObject({ code: "CONFLICT" });
  expect(await duplicateCampaign(kim!, { id: 9999 })).toMatchObject({ code: "NOT_FOUND" });
  expect(await duplicateCampaign(kim!, { id, name: "" })).toMatchObject({ code: "INVALID_INPUT" });
});

test("a draft is deleted: nobody reads or moves it any more, its number stays taken, its history is kept", async () => {
  const id = await shop.campaign({ channels: ["IN_APP"] });
  expect(accepted(await deleteCampaign(kim!, { id, reason: "a test" }))).toMatchObject({ id, state: "DRAFT" });
  const commands = [deleteCampaign, cancelCampaign, launchCampaign, submitCampaign, returnToDraft, duplicateCampaign];
  for (const command of commands) expect(await command(kim!, { id })).toMatchObject({ code: "NOT_FOUND" });
  expect(await updateCampaign(kim!, { id, draft: { name: "X" } })).toMatchObject({ code: "NOT_FOUND" });
  expect((await listCampaigns(kim!, { limit: 99 })).map((each) => each.id)).not.toContain(id);
  expect(await shop.campaign({ channels: ["IN_APP"] })).toBeGreaterThan(id);
  expect(await historyOf(kim!, subjectOf("campaign", id))).toMatchObject([
    { what: "deleted", reason: "a test", actor: "operator Kim" },
  ]);
});

/** Waits for as many reads of others. */
async function readsOf({ db }: Context, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await db.first(sql`SELECT 1`);
}

test("only drafts are deleted; of a launch and a deletion at once, one happened", async () => {
  for (let n = 0; n < 6; n++) {
    const id = await shop.campaign({ channels: ["IN_APP"] });
    const [launched, deleted] = await Promise.all([
      launchCampaign(kim!, { id }),
      readsOf(ada!, n * 6).then(() => deleteCampaign(ada!, { id })),
    ]);
    expect([isRefusal(launched), isRefusal(deleted)].sort()).toEqual([false, true]);
    const runs = await listRuns(kim!, { campaign: id, limit: 9 });
    expect(runs).toHaveLength(isRefusal(launched) ? 0 : 1);
    if (isRefusal(launched)) expect(launched).toMatchObject({ code: "NOT_FOUND" });
    else expect(deleted).toMatchObject({ code: "WRONG_STATE", currentState: "ACTIVE" });
  }
});
