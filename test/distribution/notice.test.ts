import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { notify } from "../../src/campaign/action/notify.ts";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import type { Context } from "../../src/context.ts";
import { withdrawUnused } from "../../src/coupon/use/withdraw.ts";
import { cancelDistribution, openDistributions, startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { tellThose } from "../../src/distribution/tell.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { historyOf } from "../../src/transition/audit.ts";
import { addTemplate, pathsOf } from "../support/coupons.ts";
import { checked, fileOf, handled, issued } from "../support/distributions.ts";
import { couponFaults } from "../support/issue.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted, closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(async () => {
  await closeLedgers();
  await closeShops();
});

const own = { EMAIL: { default: { subject: "For you", html: "<p>{{ coupon.name }} {{ coupon.code }}</p>" } } };

test("who got a coupon is told of it by a campaign, if she allows it and holds it still; nobody else is", async () => {
  const shop = await openShop();
  const { ctx } = shop;
  // Every third says no.
  await shop.members(9, { consent: "i % 3 <> 0" });
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", codeMode: "ON_CLAIM", codePrefix: "SPR-" })).id;
  const notice = { channels: ["EMAIL" as const, "IN_APP" as const], content: own };
  const file = fileOf("externalId\nx1\nx2\nx3\nx4\nnobody\nx5\n");
  const { id } = accepted(await uploadDistribution(ctx, file, { template, notice }));
  const found = async () => accepted(await findDistribution(ctx, id));
  await until(async () => (await found()).state === "READY");
  accepted(await startDistribution(ctx, { id }));
  await until(async () => (await found()).noticeCampaign !== null);
  const campaign = (await found()).noticeCampaign;
  const ended = await until(() =>
    ctx.db.first<{ id: number }>(sql`SELECT id FROM run WHERE campaign = ${campaign} AND state = 'COMPLETED'`),
  );
  const sends = await ctx.db.all<{ channel: string; member: number; state: string; reason: string | null }>(sql`
    SELECT channel, member, state, reason FROM send WHERE run = ${ended?.id} ORDER BY channel, member`);
  const said = (wanted: string) =>
    sends.flatMap(({ channel, member, state, reason }) => (channel === wanted ? [[member, state, reason]] : []));
  expect(said("IN_APP")).toEqual([1, 2, 3, 4, 5].map((member) => [member, "SENT", ""]));
  expect(said("EMAIL").map(([member, state]) => [member, state])).toEqual([
    ...[1, 2].map((member) => [member, "SENT"]),
    [3, "SKIPPED"],
    ...[4, 5].map((member) => [member, "SENT"]),
  ]);
  expect([await shop.faults(ended?.id ?? 0), await couponFaults(ctx.db)]).toEqual([[], []]);
});

test("it is one campaign, whoever asks for it and how often; of a file that gave nothing there is none", async () => {
  const { ctx, members } = await openLedger();
  await members(3);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const notice = { channels: ["IN_APP" as const] };
  const campaigns = () => ctx.db.all<{ id: number }>(sql`SELECT id FROM campaign`);
  const { id } = await checked(ctx, "externalId\nx1\n", { template, notice });
  await tellThose(ctx, { distribution: id });
  expect(await campaigns()).toEqual([]);
  await issued(ctx, id);
  await Promise.all([1, 2, 3].map(() => tellThose(ctx, { distribution: id })));
  expect(await campaigns()).toHaveLength(1);
  const nobody = await issued(ctx, (await checked(ctx, "externalId\nnobody\n", { template, notice })).id);
  await tellThose(ctx, { distribution: nobody.id });
  const early = await checked(ctx, "externalId\nx2\n", { template, notice });
  accepted(await cancelDistribution(ctx, { id: early.id }));
  const enqueued = await ctx.db.all<{ payload: string }>(sql`
    SELECT payload FROM outbox WHERE name = 'distribution-notice' ORDER BY seq`);
  // Not of what never began.
  expect(enqueued.map(({ payload }) => JSON.parse(payload).distribution)).toEqual([id, nobody.id]);
  expect(await campaigns()).toHaveLength(1);
  const broken = { channels: ["EMAIL" as const], content: { EMAIL: { default: { subject: "{{ coupon.nme }}" } } } };
  const refused = await uploadDistribution(ctx, fileOf("externalId\nx3\n"), { template, notice: broken });
  expect(pathsOf(refused)).toContain("notice.content.EMAIL.default.subject:1:4");
  const byHand = { name: "Mine", kind: notify.kind, couponTemplate: template, channels: ["IN_APP" as const] };
  const kim: Context = {
    ...ctx,
    actor: { kind: "operator", id: 1, operator: 1, shop: "", name: "Kim", role: "admin" },
  };
  expect(pathsOf(await createCampaign(kim, byHand))).toEqual(["kind"]);
});

test("a notice that was lost is sent anew by the sweep, once it is decided on no more", async () => {
  const { ctx, members } = await openLedger();
  await members(4);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const notice = { channels: ["IN_APP" as const] };
  const ended = async (text: string, facts = {}) => {
    const { id } = await issued(ctx, (await checked(ctx, `externalId\n${text}\n`, { template, ...facts })).id);
    return id;
  };
  const given = await ended("x1", { notice });
  const nobody = await ended("nobody", { notice });
  const refused = await ended("x2", { notice });
  await ended("x3");
  const cancelled = await checked(ctx, "externalId\nx4\n", { template, notice });
  accepted(await cancelDistribution(ctx, { id: cancelled.id }));
  const broken = JSON.stringify({
    ...notice,
    topic: "coupons",
    reach: "EACH",
    content: { IN_APP: { default: { body: "{{ coupon.nme }}" } } },
  });
  await ctx.db.write([sql`UPDATE distribution SET notice = ${broken} WHERE id = ${refused}`]);
  const lost = await openDistributions(ctx, ctx.clock() + 1);
  const notices = [given, nobody, refused].map((distribution) => ["distribution-notice", { distribution }]);
  expect(lost.map(({ name, payload }) => [name, payload]) as unknown).toEqual(notices);
  expect(await openDistributions(ctx, 1)).toEqual([]);
  for (const message of [...lost, ...lost]) await handled(ctx, message);
  expect(await openDistributions(ctx, ctx.clock() + 1)).toEqual([]);
  expect(await ctx.db.all(sql`SELECT id FROM campaign`)).toHaveLength(1);
  const told = (await historyOf(ctx, `distribution/${refused}`)).filter(({ what }) => what === "nobody could be told");
  expect(told).toHaveLength(1);
});

test("nobody is told of a coupon that is gone, or over", async () => {
  const { ctx, members, pass } = await openLedger();
  await members(4);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  await issued(ctx, (await checked(ctx, "externalId\nx1\nx2\nx3\n", { template })).id);
  await ctx.db.write([sql`UPDATE coupon SET valid_to = ${ctx.clock() + 60_000} WHERE member = 2`]);
  const action = await notify.freeze(ctx, { shop: "", kind: notify.kind, couponTemplate: template, promotion: null });
  const skipped = async () => {
    const [, rule] = action.skipRules(ctx.clock())[0] ?? [];
    return (await ctx.db.all<{ seq: number }>(sql`SELECT m.seq FROM member m WHERE ${rule}`)).map(({ seq }) => seq);
  };
  expect(await skipped()).toEqual([4]);
  accepted(await withdrawUnused(ctx, { coupon: 1, reason: "by hand" }));
  expect(await skipped()).toEqual([1, 4]);
  pass(120_000);
  expect(await skipped()).toEqual([1, 2, 4]);
});
