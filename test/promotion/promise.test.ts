import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { quoteCart } from "../../src/checkout/order/quote-order.ts";
import type { MemberContext } from "../../src/context.ts";
import { activateTemplate, withdrawTemplate } from "../../src/coupon/template/lifecycle.ts";
import { isRefusal, issuesOf } from "../../src/errors.ts";
import { promotionFaults } from "../../src/promotion/promise.ts";
import {
  createPromotion,
  findPromotion,
  type PromotionDraft,
  promotionsGiving,
  rewritePromotion,
  setEnabled,
} from "../../src/promotion/promotion.ts";
import { addTemplate } from "../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";
import { cart } from "../support/orders.ts";
import { accepted } from "../support/shop.ts";

let ledger: Ledger;
let ctx: Ledger["ctx"];
beforeAll(async () => {
  ledger = await openLedger();
  ctx = ledger.ctx;
  await ledger.members(1);
});
afterAll(closeLedgers);

const until = Date.UTC(2099, 0, 1);
const given = (facts: Parameters<typeof addTemplate>[1] = {}) => addTemplate(ctx, { issueMode: "SYSTEM", ...facts });
const draft = (...templates: number[]): PromotionDraft => ({
  name: "A coupon for your order",
  currency: "EUR",
  endsAt: until,
  rule: { kind: "COUPON", tiers: templates.map((couponTemplate, i) => ({ spend: 100 * i, couponTemplate })) },
});
const made = async (...templates: number[]) => accepted(await createPromotion(ctx, draft(...templates))).id;
const enable = (id: number) => setEnabled(ctx, { id, enabled: true });
const faultsIn = (answer: object) => (isRefusal(answer) ? issuesOf(answer).map((i) => `${i.path}: ${i.message}`) : []);
const isEnabled = async (id: number) => (await findPromotion(ctx, id))?.enabled;
const faults = async (id: number) => promotionFaults(ctx, (await findPromotion(ctx, id))!);

/** What a member's cart of 100.00 would earn, and why of what it would not. */
async function quoted() {
  const member: MemberContext = { ...ctx, actor: { kind: "member", seq: 1, id: "m1" } };
  const { earned, leftOutPromotions } = accepted(await quoteCart(member, { cart }));
  const reasons = leftOutPromotions.map(({ promotion, reason }): [number, string] => [promotion, reason]);
  return { earned: earned.map(({ promotion }) => promotion), leftOut: Object.fromEntries(reasons) };
}

test("a coupon that cannot be given as promised is refused, and the tier is named", async () => {
  const { id: good } = await given({ closesAt: until, validTo: until });
  const refused = async (facts: Parameters<typeof addTemplate>[1]) =>
    faultsIn(await createPromotion(ctx, draft(good, (await given(facts)).id)));
  const at = (why: string) => [expect.stringMatching(new RegExp(`^rule\\.tiers\\.1\\.couponTemplate: .*${why}`))];
  expect(await refused({ issueMode: "SELF_CLAIM" })).toEqual(at("given by SELF_CLAIM"));
  expect(await refused({ issueMode: "CODE" })).toEqual(at("for codes only"));
  expect(await refused({ currency: "USD" })).toEqual(at("coupons are of USD, not of EUR"));
  expect(await refused({ closesAt: until - 1 })).toEqual(at("given until 2098-12-31.*until 2099-01-01"));
  expect(await refused({ validTo: until - 1 })).toEqual(at("good until 2098-12-31"));
  expect(await refused({ state: "ENDED" })).toEqual(at("ENDED"));
  expect(await refused({ state: "WITHDRAWN" })).toEqual(at("WITHDRAWN"));
  const forEver = await createPromotion(ctx, { ...draft(good), endsAt: null });
  expect(faultsIn(forEver)).toEqual([expect.stringMatching(/given until 2099.*has no end/)]);
  expect(await made(good)).toBeNumber();
});

test("a draft can be promised, but nothing is enabled that is not in offer", async () => {
  const [one, other] = [await given(), await given({ state: "DRAFT" })];
  const id = await made(one.id, other.id);
  expect(faultsIn(await enable(id))).toEqual([expect.stringMatching(/^rule\.tiers\.1\.couponTemplate: it is a draft/)]);
  expect([await isEnabled(id), await faults(id)]).toEqual([false, [expect.stringMatching(/^tier 2: it is a draft/)]]);
  accepted(await activateTemplate(ctx, { id: other.id }));
  expect(await enable(id)).toMatchObject({ enabled: true });
  expect((await promotionsGiving(ctx, other.id)).map((each) => each.id)).toEqual([id]);
  accepted(await setEnabled(ctx, { id, enabled: false }));
  expect([await faults(id), await promotionsGiving(ctx, other.id)]).toEqual([[], []]);
  accepted(await withdrawTemplate(ctx, { id: one.id }));
  expect(faultsIn(await enable(id))).toEqual([expect.stringMatching(/^rule\.tiers\.0\.couponTemplate: .*WITHDRAWN/)]);
  expect(await isEnabled(id)).toBe(false);
});

test("an enabled promotion is not edited into what cannot be kept", async () => {
  const template = await given({ closesAt: until });
  const [id, draftOnly] = [await made(template.id), (await given({ state: "DRAFT" })).id];
  accepted(await enable(id));
  const edit = async (change: Partial<PromotionDraft>) => faultsIn(await rewritePromotion(ctx, { id, draft: change }));
  expect(await edit({ endsAt: until + 1 })).toEqual([expect.stringMatching(/^rule\.tiers\.0\.couponTemplate: /)]);
  expect(await edit({ endsAt: null })).toEqual([expect.stringMatching(/^rule\.tiers\.0\.couponTemplate: /)]);
  expect(await edit({ rule: draft(draftOnly).rule })).toEqual([expect.stringMatching(/it is a draft/)]);
  expect(await edit({ endsAt: until - 1 })).toEqual([]);
  accepted(await setEnabled(ctx, { id, enabled: false }));
});

test("points are refused until something gives them; those promised before are promised no more", async () => {
  const rule = { kind: "POINTS", tiers: [{ spend: 0, points: 100 }] };
  const refused = await createPromotion(ctx, { name: "Points", currency: "EUR", rule });
  expect(faultsIn(refused)).toEqual([
    "rule.tiers: nothing can give POINTS yet: there is no such reward; there is COUPON",
  ]);
  const [old] = await ctx.db.write([
    sql`INSERT INTO promotion (name, remark, kind, tiers, currency, starts_at, enabled, created_at, updated_at)
      VALUES ('Points', '', 'POINTS', ${JSON.stringify(rule.tiers)}, 'EUR', 0, 1, 0, 0) RETURNING id`,
  ]);
  const id = Number(old?.rows[0]?.id);
  expect(await quoted()).toEqual({ earned: [], leftOut: { [id]: "NOT_GIVEN" } });
  expect(await faults(id)).toEqual([
    "rule.tiers: nothing can give POINTS yet: there is no such reward; there is COUPON",
  ]);
  accepted(await setEnabled(ctx, { id, enabled: false }));
  expect(faultsIn(await enable(id))).toHaveLength(1);
  expect([await isEnabled(id), (await quoted()).leftOut]).toEqual([false, {}]);
});

test("a cart is told no coupon that is sold out or was withdrawn since", async () => {
  const template = await given({ stock: 1 });
  const id = await made(template.id);
  accepted(await enable(id));
  expect(await quoted()).toEqual({ earned: [id], leftOut: {} });
  await ctx.db.write([sql`UPDATE coupon_template SET issued = 1 WHERE id = ${template.id}`]);
  expect([await quoted(), await faults(id)]).toEqual([
    { earned: [], leftOut: { [id]: "NOT_GIVEN" } },
    ["tier 1: nothing is left to give"],
  ]);
  await ctx.db.write([sql`UPDATE coupon_template SET issued = 0 WHERE id = ${template.id}`]);
  accepted(await withdrawTemplate(ctx, { id: template.id }));
  expect(await quoted()).toEqual({ earned: [], leftOut: { [id]: "NOT_GIVEN" } });
  accepted(await setEnabled(ctx, { id, enabled: false }));
});

test("nobody is promised more than can be given: within the limit, and if the coupon is for the member", async () => {
  const [twice, forOthers] = [await given({ perMember: 2 }), await given({ eligibility: { level: { gte: 5 } } })];
  const ids = [await made(twice.id), await made(twice.id), await made(twice.id), await made(forOthers.id)];
  for (const id of ids) accepted(await enable(id));
  const give = (template: number, key: string) =>
    ctx.rewards.of("COUPON")!.issueOne(ctx, { template }, { member: 1, key: `order/${key}` });
  const [one = 0, two = 0, three = 0, other = 0] = ids;
  expect(await quoted()).toEqual({ earned: [one, two], leftOut: { [three]: "NOT_GIVEN", [other]: "NOT_GIVEN" } });
  accepted(await give(twice.id, "1"));
  expect((await quoted()).earned).toEqual([one]);
  accepted(await give(twice.id, "2"));
  expect((await quoted()).earned).toEqual([]);
  expect(await give(twice.id, "3")).toMatchObject({ code: "LIMIT_REACHED" });
  expect(await give(forOthers.id, "4")).toMatchObject({ code: "NOT_ELIGIBLE" });
  await ctx.db.write([sql`UPDATE promotion SET enabled = 0`]);
});

test("enabled while it is edited into what is not in offer: one of the two is refused", async () => {
  const [live, draftOnly] = [(await given()).id, (await given({ state: "DRAFT" })).id];
  const ids = await Promise.all([1, 2, 3, 4].map(() => made(live)));
  const edit = (id: number) => rewritePromotion(ctx, { id, draft: { rule: draft(draftOnly).rule } });
  const answers = await Promise.all(
    ids.map((id, i) => Promise.all(i % 2 ? [edit(id), enable(id)] : [enable(id), edit(id)])),
  );
  expect(answers.map((both) => both.filter(isRefusal).length)).toEqual([1, 1, 1, 1]);
  for (const id of ids) expect(await isEnabled(id)).toBe((await faults(id)).length === 0);
  await ctx.db.write([sql`UPDATE promotion SET enabled = 0`]);
});

test("enabled by many while the template is withdrawn: each is enabled before it or refused after it", async () => {
  const template = await given();
  const ids = await Promise.all([1, 2, 3, 4, 5, 6].map(() => made(template.id)));
  const answers = await Promise.all(
    ids.map(async (id, i) => {
      if (i === 3) accepted(await withdrawTemplate(ctx, { id: template.id }));
      return enable(id);
    }),
  );
  const refused = answers.map((answer) => isRefusal(answer));
  expect(await Promise.all(ids.map(isEnabled))).toEqual(refused.map((no) => !no));
  expect(refused[3]).toBe(true);
  for (const answer of answers.filter(isRefusal)) {
    expect(faultsIn(answer)).toEqual([expect.stringContaining("WITHDRAWN")]);
  }
  expect((await quoted()).earned).toEqual([]);
});

test("what can be kept no more is renamed and ended sooner; nothing of it is promised for longer", async () => {
  const gift = await given();
  const id = await made(gift.id);
  accepted(await enable(id));
  accepted(await withdrawTemplate(ctx, { id: gift.id }));
  const edit = (more: Partial<PromotionDraft>) => rewritePromotion(ctx, { id, draft: more });
  expect(accepted(await edit({ name: "Sorry", endsAt: until - 1 }))).toMatchObject({
    name: "Sorry",
    endsAt: until - 1,
  });
  for (const more of [{ endsAt: until }, { endsAt: null }, { rule: draft(gift.id).rule }, {}]) {
    expect(faultsIn(await edit(more))).toEqual([expect.stringContaining("WITHDRAWN")]);
  }
  accepted(await setEnabled(ctx, { id, enabled: false }));
  expect(accepted(await edit({ remark: "It is over" })).remark).toBe("It is over");
  expect(faultsIn(await enable(id))).toEqual([expect.stringContaining("WITHDRAWN")]);
});
