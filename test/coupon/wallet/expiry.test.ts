import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { lockCoupons } from "../../../src/checkout/order/lock.ts";
import { expireLocks } from "../../../src/checkout/order/lock-expiry.ts";
import { releaseCoupons } from "../../../src/checkout/order/release.ts";
import { isNow } from "../../../src/coupon/state-now.ts";
import { couponStatistics } from "../../../src/coupon/template/statistics.ts";
import { expireCouponsOf, expireDue } from "../../../src/coupon/wallet/expiry.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { addTemplate } from "../../support/coupons.ts";
import { counted } from "../../support/length.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { accepted } from "../../support/shop.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const hour = 3_600_000;
let wallets: Wallets;
beforeAll(async () => {
  wallets = await openWallets({ redis: hasRedis });
});
afterAll(() => wallets.close());

let used = 0;
const someone = () => 50 + ++used;
const cart = { currency: "EUR", lines: [{ id: "tea", goods: "tea", unitPrice: 5_000, quantity: 1 }] };
const stateOf = async (coupon: number) =>
  (await wallets.db.first<{ state: string }>(sql`SELECT state FROM coupon WHERE id = ${coupon}`))?.state;

test("a coupon that was let pass is EXPIRED when its member looks: in lists, database and sums", async () => {
  const me = someone();
  const { id: template } = await addTemplate(wallets.ctx, { budget: 10_000, maxDiscount: 1_000, perMember: 9 });
  const coupon = await wallets.give(me, { template, validTo: wallets.ctx.clock() + hour, heldBudget: 1_000 });
  const kept = await wallets.give(me, { template, heldBudget: 1_000 });
  expect(await wallets.see(me, "AVAILABLE")).toEqual([coupon, kept]);
  wallets.pass(hour);
  expect(await wallets.see(me, "EXPIRED")).toEqual([coupon]);
  expect(await wallets.see(me, "AVAILABLE")).toEqual([kept]);
  expect(await stateOf(coupon)).toBe("EXPIRED");
  expect(await couponStatistics(wallets.ctx, template)).toMatchObject({ expired: 1, available: 1, reserved: 1_000 });
  expect(await expireDue(wallets.ctx)).toBe(0);
  expect(await couponSums(wallets.db)).toEqual([]);
});

test("what nobody looks at expires by the schedule, template by template, and budgets open again", async () => {
  const validTo = wallets.ctx.clock() + hour;
  const facts = { budget: 2_000, maxDiscount: 1_000, perMember: 9, validTo: null };
  const first = await addTemplate(wallets.ctx, facts);
  const second = await addTemplate(wallets.ctx, facts);
  for (const { id: template } of [first, second]) {
    for (let n = 0; n < 2; n++) await wallets.give(someone(), { template, validTo, heldBudget: 1_000 });
  }
  const stateOfTemplate = () =>
    wallets.db.first<{ state: string }>(sql`SELECT state FROM coupon_template WHERE id = ${first.id}`);
  expect(await stateOfTemplate()).toEqual({ state: "SOLD_OUT" });
  expect(await expireDue(wallets.ctx)).toBe(0);
  wallets.pass(hour);
  expect(await expireDue(wallets.ctx)).toBe(4);
  expect(await couponSums(wallets.db)).toEqual([]);
  expect(await stateOfTemplate()).toEqual({ state: "ACTIVE" });
});

test("more than one go can take is expired by messages that follow each other, a bounded number each", async () => {
  const { id: template } = await addTemplate(wallets.ctx, { perMember: 100_000, budget: 10 ** 9, maxDiscount: 10 });
  const n = 25_000;
  await wallets.db.write([
    sql`
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${n})
      INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, valid_to, counted)
      SELECT 1 + (i - 1) % 50, ${template}, 1 + (i - 1) / 50, 'run/1', 10, 0, 0, ${wallets.ctx.clock()}, 1 FROM n`,
    sql`UPDATE coupon_template SET issued = ${n}, reserved = ${n * 10} WHERE id = ${template}`,
  ]);
  const messages = () =>
    wallets.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM outbox WHERE name = 'coupon-expire'`);
  expect(await expireDue(wallets.ctx)).toBe(20_000);
  expect(await messages()).toEqual({ n: 1 });
  expect(await expireDue(wallets.ctx)).toBe(5_000);
  expect(await messages()).toEqual({ n: 1 });
  expect(await couponStatistics(wallets.ctx, template)).toMatchObject({ available: 0, expired: n, reserved: 0 });
});

test("a coupon that is locked when its time is over expires when the lock ends, whoever ends it", async () => {
  const me = someone();
  const validTo = wallets.ctx.clock() + hour;
  const { id: template } = await addTemplate(wallets.ctx, { budget: 10_000, maxDiscount: 1_000, perMember: 9 });
  const lock = async (orderId: string, coupon: number) =>
    accepted(
      await lockCoupons(wallets.ctx, { orderId, member: { seq: me }, cart, couponIds: [coupon], ttlSeconds: 7_200 }),
    );
  const released = await wallets.give(me, { template, validTo, heldBudget: 1_000 });
  const forgotten = await wallets.give(me, { template, validTo, heldBudget: 1_000 });
  await lock("released", released);
  await lock("forgotten", forgotten);
  wallets.pass(hour);
  expect(await expireDue(wallets.ctx)).toBe(0);
  expect(await wallets.see(me, "LOCKED")).toEqual([forgotten, released].sort((a, b) => a - b));
  accepted(await releaseCoupons(wallets.ctx, { orderId: "released" }));
  expect(await wallets.see(me, "EXPIRED")).toEqual([released]);
  wallets.pass(hour + 1);
  await expireLocks(wallets.ctx, 100);
  expect(await expireDue(wallets.ctx)).toBe(1);
  expect(await wallets.see(me, "EXPIRED")).toEqual([forgotten, released].sort((a, b) => b - a));
  expect(await wallets.see(me, "LOCKED")).toEqual([]);
  expect(await couponSums(wallets.db)).toEqual([]);
});

test("a coupon whose lock has run out is free, or over, for whoever looks before the sweep does", async () => {
  const me = someone();
  const validTo = wallets.ctx.clock() + 10 * hour;
  const { id: template } = await addTemplate(wallets.ctx, { perMember: 9 });
  const lock = async (orderId: string, coupon: number, ttlSeconds: number) =>
    accepted(await lockCoupons(wallets.ctx, { orderId, member: { seq: me }, cart, couponIds: [coupon], ttlSeconds }));
  const free = await wallets.give(me, { template, validTo });
  const over = await wallets.give(me, { template, validTo: wallets.ctx.clock() + hour });
  const held = await wallets.give(me, { template, validTo });
  await lock("lapsed", free, 60);
  await lock("lapsed too", over, 60);
  await lock("paid soon", held, 7_200);
  expect(await wallets.see(me, "LOCKED")).toEqual([over, free, held]);
  wallets.pass(hour);
  expect(await wallets.see(me, "LOCKED")).toEqual([held]);
  expect(await wallets.see(me, "AVAILABLE")).toEqual([free]);
  expect(await wallets.see(me, "EXPIRED")).toEqual([over]);
  const states = await wallets.db.all(sql`
    SELECT id, CASE WHEN ${isNow("AVAILABLE", wallets.ctx.clock())} THEN 'AVAILABLE'
      WHEN ${isNow("EXPIRED", wallets.ctx.clock())} THEN 'EXPIRED'
      WHEN ${isNow("LOCKED", wallets.ctx.clock())} THEN 'LOCKED' END AS state
    FROM coupon WHERE member = ${me} ORDER BY id`);
  expect(states).toEqual([
    { id: free, state: "AVAILABLE" },
    { id: over, state: "EXPIRED" },
    { id: held, state: "LOCKED" },
  ]);
});

type Act = { readonly by: "member" | "schedule" | "look" | "lock"; readonly member: number };
const act: fc.Arbitrary<Act> = fc.record({
  by: fc.constantFrom("member" as const, "schedule" as const, "look" as const, "lock" as const),
  member: fc.integer({ min: 1, max: 4 }),
});

test("members who look, the schedule and orders at once: every coupon expires once, all sums agree", async () => {
  let round = 0;
  const race = async (acts: readonly Act[]) => {
    const { id: template } = await addTemplate(wallets.ctx, { budget: 10 ** 6, maxDiscount: 100, perMember: 9 });
    const end = wallets.ctx.clock() + hour;
    const coupons: number[] = [];
    for (let n = 0; n < 8; n++) {
      const validTo = n % 4 === 3 ? null : end;
      coupons.push(await wallets.give(1 + (n % 4), { template, validTo, heldBudget: 100 }));
    }
    wallets.pass(hour - 1);
    const name = ++round;
    const doing = acts.map(async ({ by, member }, n) => {
      if (n === Math.floor(acts.length / 2)) wallets.pass(1);
      if (by === "member") return expireCouponsOf(wallets.ctx, member);
      if (by === "schedule") return expireDue(wallets.ctx);
      if (by === "look") return wallets.see(member, "EXPIRED");
      const order = { orderId: `race ${name}/${n}`, member: { seq: member }, cart, couponIds: [coupons[n % 8] ?? 0] };
      return lockCoupons(wallets.ctx, order);
    });
    await Promise.all(doing);
    wallets.pass(2 * hour);
    await Promise.all([expireLocks(wallets.ctx, 100), expireDue(wallets.ctx), expireDue(wallets.ctx)]);
    await expireDue(wallets.ctx);
    expect(await couponStatistics(wallets.ctx, template)).toMatchObject({
      expired: 6,
      available: 2,
      locked: 0,
      reserved: 200,
    });
    expect(await couponSums(wallets.db)).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 12 }), race), { numRuns: counted(15, 40) });
}, 60_000);
