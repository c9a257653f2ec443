import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { approveCampaign } from "../../../src/campaign/control/review.ts";
import { findCampaign } from "../../../src/campaign/draft/campaign.ts";
import { type PushInput, pushCoupon } from "../../../src/campaign/push/push.ts";
import { listRuns } from "../../../src/campaign/run/run.ts";
import type { Context } from "../../../src/context.ts";
import { withdrawTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { createSegment, updateSegment } from "../../../src/member/segment.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { addTemplate, pathsOf } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
import { accepted } from "../../support/shop.ts";

let shop: Ledger;
let [kim, ada]: Context[] = [];
const hour = 3_600_000;

beforeAll(async () => {
  shop = await openLedger();
  // Ten of level 1, forty of level 2; a launch to more than twenty needs a second person.
  await shop.members(50, { level: "1 + (i > 10)" });
  const ctx = approvingAbove(shop.ctx, 20);
  [kim, ada] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2)];
});
afterAll(closeLedgers);

const few = { filter: { level: { eq: 1 } } };
const everyone = { everyone: true } as const;
const own = { IN_APP: { default: { title: "Yours", body: "{{ coupon.name }}: {{ coupon.code }}" } } };
const inOffer = async () => (await addTemplate(kim!, { issueMode: "SYSTEM" })).id;
const pushing = (couponTemplate: number, more: Partial<PushInput> = {}): PushInput => ({
  couponTemplate,
  audience: few,
  channels: ["IN_APP"],
  content: own,
  ...more,
});
const push = (couponTemplate: number, more: Partial<PushInput> = {}) => pushCoupon(kim!, pushing(couponTemplate, more));
const countOf = async (table: string) =>
  (await kim!.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM ${sql.raw(table)}`))?.n;
const written = () => Promise.all(["campaign", "run", "outbox", "revision", "audit", "idempotency"].map(countOf));

test("this coupon to these people by this channel is one call: launched, with how many that is, and why", async () => {
  const template = await inOffer();
  const pushed = accepted(await push(template, { reason: "sorry for the wait" }));
  expect(pushed).toMatchObject({ members: 10, needsApproval: false });
  expect(pushed.campaign).toMatchObject({
    name: "Ten off",
    kind: "COUPON_ISSUE",
    couponTemplate: template,
    state: "ACTIVE",
    audience: few,
    content: own,
    frozen: { members: 10 },
  });
  const id = pushed.campaign.id;
  expect(await listRuns(kim!, { campaign: id, limit: 9 })).toMatchObject([{ state: "PENDING" }]);
  expect(await historyOf(kim!, subjectOf("campaign", id))).toMatchObject([
    { to: "ACTIVE", reason: "sorry for the wait", actor: "operator Kim" },
    { what: "created" },
  ]);
});

test("at a time it waits for it, and may be put right until then", async () => {
  const startsAt = kim!.clock() + 3 * hour;
  const { campaign } = accepted(await push(await inOffer(), { startsAt, endsAt: startsAt + hour, channels: [] }));
  const { id } = campaign;
  expect(await listRuns(kim!, { campaign: id, limit: 9 })).toMatchObject([{ state: "PENDING", dueAt: startsAt }]);
  accepted(await updateCampaign(kim!, { id, draft: { startsAt: startsAt - hour } }));
  expect(await listRuns(kim!, { campaign: id, limit: 9 })).toMatchObject([{ dueAt: startsAt - hour }]);
});

test("above the approval size it is in review with all it says, and its approval launches it by itself", async () => {
  const filter = { level: { lte: 2 } };
  const { id: segment } = accepted(await createSegment(kim!, { name: "all", filter }));
  const pushed = accepted(await push(await inOffer(), { audience: { segment }, reason: "all of them" }));
  expect(pushed).toMatchObject({ members: 50, needsApproval: true, campaign: { state: "IN_REVIEW" } });
  const campaign = (await findCampaign(kim!, pushed.campaign.id))!;
  expect(campaign).toEqual(pushed.campaign);
  // What was counted is what is approved, whatever the segment says by then.
  accepted(await updateSegment(kim!, { id: segment, filter: { level: { eq: 1 } } }));
  const approve = async (ctx: Context) =>
    approveCampaign(ctx, { id: campaign.id, version: await campaignVersion(ctx, campaign) });
  expect(await approve(kim!)).toMatchObject({ code: "FORBIDDEN" });
  expect(accepted(await approve(ada!))).toMatchObject({
    state: "ACTIVE",
    frozen: { audience: { filter }, members: 50 },
  });
  expect(await listRuns(kim!, { campaign: campaign.id, limit: 9 })).toMatchObject([{ state: "PENDING" }]);
});

test("a dry run says how many, and whether that needs approval, and writes nothing", async () => {
  const template = await inOffer();
  const before = await written();
  const tried = accepted(await push(template, { dryRun: true, idempotencyKey: "try" }));
  expect(tried).toMatchObject({ isTried: true, members: 10, needsApproval: false, campaign: { id: 0, content: own } });
  expect(accepted(await push(template, { dryRun: true, audience: everyone }))).toMatchObject({
    members: 50,
    needsApproval: true,
  });
  expect(await push(template, { dryRun: true, channels: ["EMAIL"], content: {}, endsAt: 1 })).toHaveProperty("code");
  expect(await written()).toEqual(before);
});

test("I6 pushed by many at once under one key there is one campaign, and each hears of it", async () => {
  const template = await inOffer();
  const campaigns = await countOf("campaign");
  const again = () => push(template, { idempotencyKey: "spring" });
  const answers = (await Promise.all(Array.from({ length: 8 }, again))).map(accepted);
  expect(new Set(answers.map(({ campaign }) => campaign.id)).size).toBe(1);
  expect(accepted(await again())).toEqual(answers[0]!);
  expect(await countOf("campaign")).toBe(campaigns! + 1);
  expect(await push(template, { idempotencyKey: "spring", audience: everyone })).toMatchObject({ code: "CONFLICT" });
  expect(accepted(await push(template)).campaign.id).not.toBe(answers[0]!.campaign.id);
});

test("what could not be launched is refused by its place, nothing of it is there, and its key is free", async () => {
  const before = await written();
  const [link, silent] = ["{{ coupon.claimUrl }}", "Come"].map((body) => ({
    IN_APP: { default: { title: "Hi", body } },
  }));
  const wrong: [Partial<Parameters<typeof addTemplate>[1]>, Partial<PushInput>, string[]][] = [
    [{ state: "DRAFT" }, {}, ["couponTemplateId"]],
    [{ state: "WITHDRAWN" }, {}, ["couponTemplateId"]],
    [{ closesAt: 1 }, {}, ["couponTemplateId"]],
    [{ issueMode: "SYSTEM" }, { invite: true, content: link }, ["couponTemplateId"]],
    [{}, { couponTemplate: 9999 }, ["couponTemplateId"]],
    [{}, { invite: true, channels: [], content: {} }, ["channels"]],
    [{}, { invite: true, content: silent }, ["content.IN_APP.default"]],
    [{}, { audience: { segment: 9999 } }, ["audience"]],
    [{}, { audience: { filter: { level: { near: 1 } } } }, ["audience.filter.level", "audience.filter.level"]],
    [{}, { endsAt: 1 }, ["endsAt"]],
    [{}, { startsAt: 9, endsAt: 8 }, ["endsAt"]],
    [{}, { name: " " }, ["name"]],
  ];
  for (const [facts, said, paths] of wrong) {
    const { id } = await addTemplate(kim!, facts);
    const answer = pathsOf(await push(id, { idempotencyKey: "wrong", ...said }));
    expect(answer).toEqual(paths);
  }
  expect(await written()).toEqual(before);
  accepted(await push(await inOffer(), { idempotencyKey: "wrong" }));
});

test("a coupon that is withdrawn while its push is checked is not pushed", async () => {
  const template = await inOffer();
  const { db } = kim!;
  const campaigns = await countOf("campaign");
  let isFirst = true;
  const late: Context["db"] = {
    ...db,
    transaction: async (work) => {
      if (isFirst) accepted(await withdrawTemplate(ada!, { id: template }));
      isFirst = false;
      return db.transaction(work);
    },
  };
  expect(pathsOf(await pushCoupon({ ...kim!, db: late }, pushing(template)))).toEqual(["couponTemplateId"]);
  expect(await countOf("campaign")).toBe(campaigns!);
});
