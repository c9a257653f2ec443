import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { gateState } from "../../../src/coupon/gate/gate.ts";
import { reconcileGates } from "../../../src/coupon/gate/reconcile.ts";
import type { Coupon } from "../../../src/coupon/table.ts";
import { forgetTemplate } from "../../../src/coupon/template/template-to-claim.ts";
import { isRefusal, type Refusal } from "../../../src/errors.ts";
import { eraseMember } from "../../../src/member/privacy.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { until } from "../../support/wait.ts";

afterAll(closeLedgers);

const withRedis = { redis: true };

function as({ ctx }: Ledger, seq: number): MemberContext {
  return { ...ctx, actor: { kind: "member", seq, id: `m${seq}` } };
}

const codeOf = (answer: Coupon | Refusal) => (isRefusal(answer) ? answer.code : "CLAIMED");

function countByAnswer(answers: readonly (Coupon | Refusal)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
}

test("I1 a stock of 100 is exactly 100 coupons when 1,000 members claim at once; gate and rows agree", async () => {
  const shop = await openLedger(withRedis);
  await shop.members(1_000);
  const { id } = await addTemplate(shop.ctx, { stock: 100 });
  const claims = Array.from({ length: 1_000 }, (_, n) =>
    claimCoupon(as(shop, n + 1), { template: id, idempotencyKey: "k" }),
  );
  expect(countByAnswer(await Promise.all(claims))).toEqual({ CLAIMED: 100, SOLD_OUT: 900 });
  const row = await shop.ctx.db.first(
    sql`SELECT state, issued, (SELECT count(*) FROM coupon) AS n FROM coupon_template WHERE id = ${id}`,
  );
  expect(row).toEqual({ state: "SOLD_OUT", issued: 100, n: 100 });
  await until(async () => (await gateState(shop.ctx.redis, id))?.pending === 0);
  await reconcileGates(shop.ctx);
  expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 0, pending: 0 });
});

test("I2 I6 the limit holds for one member at once, and the same key is the same coupon for ever", async () => {
  const shop = await openLedger(withRedis);
  await shop.members(2);
  const { id } = await addTemplate(shop.ctx, { stock: 50, perMember: 2 });
  const other = await addTemplate(shop.ctx, {});
  const claim = (key: string, template = id) => claimCoupon(as(shop, 1), { template, idempotencyKey: key });
  const first = await Promise.all([claim("a"), claim("a"), claim("b"), claim("c"), claim("d")]);
  expect(countByAnswer(first)).toEqual({ CLAIMED: 3, LIMIT_REACHED: 2 });
  expect((await claim("a")) as Coupon).toEqual(first[0] as Coupon);
  expect(await claim("a", other.id)).toMatchObject({ code: "CONFLICT" });
  expect(await claim("e")).toMatchObject({
    code: "LIMIT_REACHED",
    limit: 2,
    held: [expect.any(Number), expect.any(Number)],
  });
});

test.each([true, false])(
  "a member who holds one hears of the limit though nothing is left, whoever finds it: with Redis %p",
  async (redis) => {
    const shop = await openLedger({ redis });
    await shop.members(3);
    const { id } = await addTemplate(shop.ctx, { stock: 1 });
    const claim = (n: number, key: string) => claimCoupon(as(shop, n), { template: id, idempotencyKey: key });
    const coupon = await claim(1, "first");
    expect(codeOf(coupon)).toBe("CLAIMED");
    const answers = await Promise.all([claim(1, "again"), claim(2, "k"), claim(3, "k"), claim(1, "first")]);
    expect(answers.map(codeOf)).toEqual(["LIMIT_REACHED", "SOLD_OUT", "SOLD_OUT", "CLAIMED"]);
    expect(answers[0]).toMatchObject({ limit: 1, held: [isRefusal(coupon) ? 0 : coupon.id] });
  },
);

test("I17 without Redis claims are as exact, and one repeated after the last unit is the coupon it was", async () => {
  const shop = await openLedger();
  await shop.members(60);
  const { id } = await addTemplate(shop.ctx, { stock: 20 });
  const claim = (n: number) => claimCoupon(as(shop, n), { template: id, idempotencyKey: `key ${n}` });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => claim(n + 1)));
  expect(countByAnswer(answers)).toEqual({ CLAIMED: 20, SOLD_OUT: 40 });
  for (const [n, answer] of answers.entries()) {
    if (!isRefusal(answer)) expect(await claim(n + 1)).toEqual(answer);
  }
});

test("I4 what is refused for another reason gives its unit back, and Redis may be flushed at any time", async () => {
  const shop = await openLedger(withRedis);
  await shop.members(40);
  const { id } = await addTemplate(shop.ctx, { stock: 30 });
  const claim = (n: number, key: string) => claimCoupon(as(shop, n), { template: id, idempotencyKey: key });
  for (let n = 1; n <= 10; n++) {
    await claim(n, "one");
    expect(codeOf(await claim(n, "two"))).toBe("LIMIT_REACHED");
  }
  await shop.ctx.redis?.flushall();
  const rest = await Promise.all(Array.from({ length: 30 }, (_, n) => claim(n + 11, "one")));
  expect(countByAnswer(rest)).toEqual({ CLAIMED: 20, SOLD_OUT: 10 });
});

test("a claim before the window, after it, of a draft, or by someone it is not for is refused by name", async () => {
  const shop = await openLedger();
  await shop.members(2, { level: "i" });
  const now = shop.ctx.clock();
  const claim = async (facts: Parameters<typeof addTemplate>[1]) => {
    const { id } = await addTemplate(shop.ctx, facts);
    return codeOf(await claimCoupon(as(shop, 1), { template: id, idempotencyKey: `k${id}` }));
  };
  expect(await claim({ opensAt: now + 60_000 })).toBe("NOT_STARTED");
  expect(await claim({ closesAt: now - 1 })).toBe("ENDED");
  expect(await claim({ state: "WITHDRAWN" })).toBe("ENDED");
  expect(await claim({ state: "DRAFT" })).toBe("NOT_FOUND");
  expect(await claim({ issueMode: "SYSTEM" })).toBe("NOT_FOUND");
  expect(await claim({ eligibility: { level: { gte: 2 } } })).toBe("NOT_ELIGIBLE");
  expect(await claim({ eligibility: { level: { gte: 1 } } })).toBe("CLAIMED");
  expect(await claim({ budget: 500, maxDiscount: 1_000 })).toBe("SOLD_OUT");
});

test("I6 a claim that succeeded is answered the same when window, audience or occurrence have changed", async () => {
  const shop = await openLedger();
  await shop.members(1, { level: "1" });
  const now = shop.ctx.clock();
  const soon = { closesAt: now + 60_000 };
  const closing = await addTemplate(shop.ctx, soon);
  const choosy = await addTemplate(shop.ctx, { eligibility: { level: { gte: 1 } } });
  const daily = await addTemplate(shop.ctx, { recurrence: { cron: "0 10 * * *", zone: "UTC", minutes: 1 } });
  const occurrence = (opensAt: number) =>
    addTemplate(shop.ctx, { recurringTemplate: daily.id, occursAt: opensAt, opensAt, closesAt: opensAt + 60_000 });
  await occurrence(now);
  const asked = [closing.id, choosy.id, daily.id];
  const claim = (template: number) => claimCoupon(as(shop, 1), { template, idempotencyKey: `k${template}` });
  const first = await Promise.all(asked.map(claim));
  expect(countByAnswer(first)).toEqual({ CLAIMED: 3 });
  const { ctx } = shop;
  await ctx.db.write([sql`UPDATE member SET level = 0`]);
  shop.pass(61_000);
  expect(await Promise.all(asked.map(claim))).toEqual(first);
  await occurrence(now + 86_400_000);
  forgetTemplate(ctx, daily.id);
  expect(await claim(daily.id)).toEqual(first[2] as Coupon);
  shop.pass(86_340_000);
  forgetTemplate(ctx, daily.id);
  expect(await claim(daily.id)).toEqual(first[2] as Coupon);
  const fresh = await claimCoupon(as(shop, 1), { template: daily.id, idempotencyKey: "today" });
  expect(codeOf(fresh)).toBe("CLAIMED");
});

test("I4 one key for two templates at once is refused for neither's reasons but its own", async () => {
  const shop = await openLedger();
  await shop.members(1);
  const gone = await addTemplate(shop.ctx, { stock: 1, issued: 1 });
  const open = await addTemplate(shop.ctx, { stock: 1 });
  const claim = ({ id }: { id: number }) => claimCoupon(as(shop, 1), { template: id, idempotencyKey: "k" });
  expect((await Promise.all([claim(gone), claim(open)])).map(codeOf)).toEqual(["SOLD_OUT", "CLAIMED"]);
});

test("nothing is given any more once its coupons would have expired, though no sweep has seen it yet", async () => {
  const shop = await openLedger();
  await shop.members(1);
  const { id } = await addTemplate(shop.ctx, { validTo: shop.ctx.clock() });
  expect(codeOf(await claimCoupon(as(shop, 1), { template: id, idempotencyKey: "k" }))).toBe("ENDED");
});

test("a crowd before a template that is for some is told apart together, each by what the member is", async () => {
  const shop = await openLedger();
  await shop.members(1_000, { level: "i % 2" });
  const { id } = await addTemplate(shop.ctx, { stock: 100, eligibility: { level: { gte: 1 } } });
  let reads = 0;
  const all: Ledger["ctx"]["db"]["all"] = (query) => {
    reads++;
    return shop.ctx.db.all(query);
  };
  const ctx = { ...shop.ctx, db: { ...shop.ctx.db, all } };
  const claims = Array.from({ length: 1_000 }, (_, n) =>
    claimCoupon({ ...as(shop, n + 1), db: ctx.db }, { template: id, idempotencyKey: "k" }),
  );
  expect(countByAnswer(await Promise.all(claims))).toEqual({ CLAIMED: 100, SOLD_OUT: 400, NOT_ELIGIBLE: 500 });
  expect(reads).toBeLessThan(20);
});

test("a member who is erased while she claims is told that she is no member", async () => {
  const shop = await openLedger();
  await shop.members(1);
  const { id } = await addTemplate(shop.ctx, {});
  const member = as(shop, 1);
  await eraseMember(shop.ctx, { seq: 1 });
  expect(await claimCoupon(member, { template: id, idempotencyKey: "k" })).toMatchObject({ code: "NOT_FOUND" });
});
