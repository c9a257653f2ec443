import { afterAll, afterEach, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { releaseCoupons } from "../../src/checkout/order/release.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { redeemCode } from "../../src/coupon/claim/redeem-code.ts";
import { issueStatements } from "../../src/coupon/issue/issue.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import { withdrawTemplate } from "../../src/coupon/template/lifecycle.ts";
import { takeBackStretch } from "../../src/coupon/template/take-back.ts";
import { withdrawUnused } from "../../src/coupon/use/withdraw.ts";
import { expireDue } from "../../src/coupon/wallet/expiry.ts";
import { globalId } from "../../src/ids.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { relayName } from "../../src/queue/outbox.ts";
import { bodiesToPost } from "../../src/webhook/body.ts";
import { createWebhook, updateWebhook } from "../../src/webhook/webhook.ts";
import { addTemplate } from "../support/coupons.ts";
import { day, openOrders } from "../support/orders.ts";
import { filledPool, freeCodes } from "../support/pools.ts";
import { accepted } from "../support/shop.ts";

const { db, ctx, time, held, lock, refund } = await openOrders();
afterAll(() => db.close());
afterEach(() => db.write([sql`DELETE FROM event`]));

const { webhook } = accepted(await createWebhook(ctx, { url: "http://127.0.0.1:4000/" }));
const endpoint = (draft: object) => updateWebhook(ctx, { id: webhook.id, draft }).then(accepted);

/** What endpoints would be posted of what was recorded, oldest first. */
async function told(): Promise<[type: string, data: Record<string, unknown>][]> {
  const events = await db.all<{ type: string; body: string }>(
    sql`SELECT type, json_object('data', json(data)) AS body FROM event ORDER BY seq`,
  );
  const bodies = await bodiesToPost(ctx, events);
  return events.map(({ type }, n) => [type, JSON.parse(bodies[n] ?? "").data]);
}

const as = (seq: number) => ({ ...ctx, actor: { kind: "member", seq, id: `m_${seq}` } as const });
const claim = (seq: number, template: number) => claimCoupon(as(seq), { template, idempotencyKey: `${seq}` });
const named = (seq: number, template: number, coupon: number) => ({
  couponId: globalId("Coupon", coupon),
  templateId: globalId("CouponTemplate", template),
  recurringTemplateId: null,
  memberId: globalId("Member", seq),
  externalId: `x${seq}`,
});
const iso = (at: number) => new Date(at).toISOString();

/** An order of member 1 on which a coupon was used that is valid for a day. */
async function paid() {
  const made = await held([1], { validTo: time.now + day });
  const { orderId } = accepted(await lock([made.coupon]));
  accepted(await redeemCoupons(ctx, { orderId }));
  return { ...made, orderId, ids: named(1, made.template, made.coupon) };
}

test("a claim is told once, by the API's ids and RFC 3339; one that is refused, or asked again, is not", async () => {
  const { id } = await addTemplate(ctx, { stock: 2, validHours: 7 * 24 });
  const answers = await Promise.all([1, 1, 2, 3].map((seq) => claim(seq, id)));
  accepted(await claim(1, id));
  const [one, , two] = answers.map((answer) => ("number" in answer ? answer.id : 0));
  const more = {
    source: "CLAIM",
    givenFor: null,
    runId: null,
    validFrom: iso(time.now),
    validTo: iso(time.now + 7 * day),
  };
  expect(await told()).toEqual([
    ["coupon.sold_out", expect.objectContaining({ stock: 2, budget: null })],
    ["coupon.claimed", { ...named(1, id, one ?? 0), ...more }],
    ["coupon.claimed", { ...named(2, id, two ?? 0), ...more }],
  ]);
});

test("what is given, typed in and sent by a campaign is claimed, too, and says how", async () => {
  const coded = await addTemplate(ctx, { codeMode: "POOL", codePrefix: "GIFT", issueMode: "CODE", stock: 0 });
  await filledPool(ctx, coded.id, 1);
  const [code = ""] = await freeCodes(db, coded.id);
  accepted(await redeemCode(as(1), { code, idempotencyKey: "a", address: "home" }));
  const { id: template } = await addTemplate(ctx, { issueMode: "SYSTEM", perMember: 2 });
  accepted(await issueCoupon(ctx, { template, member: { seq: 2 }, idempotencyKey: "sorry", source: "order/9" }));
  const members = sql`SELECT seq AS member FROM member WHERE seq BETWEEN 2 AND 4`;
  const terms = { template, perMember: 2, codeMode: "NONE", codePrefix: "", members } as const;
  await db.write(issueStatements({ ...terms, source: "run/7", now: time.now, zone: "UTC" }));
  const claimed = (await told()).filter(([type]) => type === "coupon.claimed");
  expect(claimed.map(([, { givenFor }]) => givenFor ?? null)).toEqual([null, "order/9", null, null, null]);
  expect(claimed.map(([, { source, runId, externalId }]) => [source, runId, externalId])).toEqual([
    ["CODE", null, "x1"],
    ["ISSUE", null, "x2"],
    ...[2, 3, 4].map((seq) => ["RUN", globalId("Run", 7), `x${seq}`]),
  ]);
});

test("a coupon is told when it takes something off, when a refund gives it back, and when it expires", async () => {
  const { orderId, ids, coupon } = await paid();
  accepted(await redeemCoupons(ctx, { orderId }));
  accepted(await refund(orderId, { validDays: 2 }));
  accepted(await refund(orderId, { validDays: 2 }));
  const kept = await paid();
  accepted(await refund(kept.orderId, { policy: "KEEP" }));
  const validTo = iso(time.now + 2 * day);
  time.now += 2 * day;
  expect([await expireDue(ctx), await expireDue(ctx)]).toEqual([1, 0]);
  const used = { discount: { amount: 1_000, currency: "EUR" } };
  const of = (each: string) => (all: [string, Record<string, unknown>][]) =>
    all.filter(([type, { couponId }]) => type !== "coupon.claimed" && couponId === each);
  const all = await told();
  expect(of(globalId("Coupon", coupon))(all)).toEqual([
    ["coupon.redeemed", { ...ids, orderId, ...used }],
    ["coupon.refunded", { ...ids, orderId, validTo }],
    ["coupon.expired", { ...ids, validTo }],
  ]);
  expect(of(globalId("Coupon", kept.coupon))(all)).toEqual([
    ["coupon.redeemed", { ...kept.ids, orderId: kept.orderId, ...used }],
  ]);
});

test("coupons that the shop takes back are told, those on orders when they come free", async () => {
  const { template, coupons } = await held([1, 1], { maxDiscount: 1_000, budget: 5_000 });
  const [free = 0, locked = 0] = coupons;
  const { orderId } = accepted(await lock([locked]));
  accepted(await withdrawTemplate(ctx, { id: template, takeBack: true }));
  await takeBackStretch(ctx, { template, from: 0 });
  await takeBackStretch(ctx, { template, from: 0 });
  accepted(await releaseCoupons(ctx, { orderId }));
  expect(await told()).toEqual([free, locked].map((coupon) => ["coupon.withdrawn", named(1, template, coupon)]));
});

test("one coupon that customer service takes back is told once, however often that is sent", async () => {
  const { template, coupons } = await held([1], {});
  const [coupon = 0] = coupons;
  for (let n = 0; n < 2; n++) accepted(await withdrawUnused(ctx, { coupon, reason: "a wrong address" }));
  expect(await told()).toEqual([["coupon.withdrawn", named(1, template, coupon)]]);
});

test("once a member is erased nothing that is posted, or posted again, has the shop's id of her", async () => {
  const { id } = await addTemplate(ctx, {});
  accepted(await claim(20, id));
  await eraseMember(ctx, { seq: 20 });
  expect(await told()).toEqual([
    ["coupon.claimed", expect.objectContaining({ memberId: globalId("Member", 20), externalId: null })],
  ]);
});

test("where no endpoint wants to hear of coupons nothing is recorded, and nobody is woken", async () => {
  let woken = 0;
  db.onCommit(relayName, () => woken++);
  await endpoint({ types: ["run.completed", "coupon.expired"] });
  const { id } = await addTemplate(ctx, {});
  accepted(await claim(5, id));
  expect([await told(), woken]).toEqual([[], 0]);
  await endpoint({ enabled: false, types: null });
  accepted(await claim(6, id));
  expect([await told(), woken]).toEqual([[], 0]);
  await endpoint({ enabled: true, types: ["coupon.claimed"] });
  accepted(await claim(7, id));
  expect([(await told()).length, woken]).toEqual([1, 1]);
});
