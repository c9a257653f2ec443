import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import type { CartInput } from "../../src/coupon/cart.ts";
import { type CouponOrder, findOrder } from "../../src/coupon/order.ts";
import { type LockInput, lockCoupons } from "../../src/coupon/order-lock.ts";
import { orderPersonalData } from "../../src/coupon/order-personal-data.ts";
import { redeemCoupons } from "../../src/coupon/order-redeem.ts";
import { type RefundInput, refundOrder } from "../../src/coupon/order-refund.ts";
import { releaseCoupons } from "../../src/coupon/order-release.ts";
import { expireLocks } from "../../src/coupon/order-unlock.ts";
import type { templateTable } from "../../src/coupon/table.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { isRefusal, type Refusal } from "../../src/errors.ts";
import { eraseMember, exportMember } from "../../src/member/privacy.ts";
import { couponSums } from "../support/coupon-sums.ts";
import { addTemplate } from "../support/coupons.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { accepted, addMembers } from "../support/shop.ts";

let db: RootDatabase;
let ctx: Context;
let now = Date.parse("2026-06-01T12:00:00Z");
beforeAll(async () => {
  db = await openTestDatabase();
  ctx = { ...testContext(db), clock: () => now };
  await addMembers(db, 20);
});
afterAll(() => db.close());

const cart: CartInput = {
  currency: "EUR",
  lines: [
    { id: "tea", goods: "tea", unitPrice: 2_000, quantity: 2 },
    { id: "cup", goods: "cup", unitPrice: 1_001, quantity: 1 },
  ],
};
const day = 86_400_000;

/** A template and coupons of it for these members. */
async function held(members: readonly number[], facts: Partial<typeof templateTable.$inferInsert> = {}) {
  const { id: template } = await addTemplate(ctx, facts);
  const coupons: number[] = [];
  for (const member of members) {
    const reserve = facts.budget ? (facts.most ?? 0) : 0;
    const [result] = await db.write([
      sql`INSERT INTO coupon (member, template, number, source, reserve, at, valid_from, valid_to)
        VALUES (${member}, ${template}, (SELECT count(*) + 1 FROM coupon WHERE member = ${member} AND template = ${template}), 'CLAIM',
          ${reserve}, ${now}, 0, ${facts.validTo ?? null}) RETURNING id`,
    ]);
    coupons.push(Number(result?.rows[0]?.id));
  }
  return { template, coupons, coupon: coupons[0] ?? 0 };
}

let named = 0;
const name = () => `order ${++named}`;
const lock = (coupons: readonly number[], more: Partial<LockInput> = {}) =>
  lockCoupons(ctx, { orderId: name(), member: { seq: 1 }, cart, coupons, ...more });
const refund = (orderId: string, more: Partial<RefundInput> = {}) =>
  refundOrder(ctx, { orderId, refundId: "r1", policy: "GIVE_BACK", ...more });
const codeOf = (answer: object | Refusal) => (isRefusal(answer) ? answer.code : "DONE");
const reasonsOf = (answer: object | Refusal) =>
  isRefusal(answer) && answer.code === "COUPON_UNUSABLE" ? answer.coupons.map(({ reason }) => reason) : codeOf(answer);
const stateOf = async (coupon: number) =>
  (await db.first<{ state: string }>(sql`SELECT state FROM coupon WHERE id = ${coupon}`))?.state;
const countsOf = async (template: number) => {
  const row = await db.first<object>(sql`SELECT reserved, spent, state FROM coupon_template WHERE id = ${template}`);
  const tally = await db.all(sql`
    SELECT state, n, discount, revenue FROM coupon_tally WHERE template = ${template} AND n > 0 ORDER BY state`);
  return { ...row, tally };
};
const stacks = (group: string, order = 0) => ({ stacking: { group, order } });

test("coupons are held for an order, spent with it, and their template knows what they cost and brought", async () => {
  const a = await held([1], { ...stacks("a", 1), budget: 5_000, most: 1_000 });
  const b = await held([1], { ...stacks("b", 2), kind: "DISCOUNT", params: { basisPointsOff: 1_000 } });
  const locked = accepted(await lock([b.coupon, a.coupon]));
  expect(locked).toMatchObject({
    state: "LOCKED",
    lockedUntil: now + 900_000,
    quote: { pay: 3_601, couponDiscount: 1_400 },
  });
  expect([await stateOf(a.coupon), await stateOf(b.coupon)]).toEqual(["LOCKED", "LOCKED"]);
  expect(await countsOf(a.template)).toMatchObject({ reserved: 1_000, spent: 0, tally: [{ state: "LOCKED", n: 1 }] });
  const { orderId } = locked;
  const redeemed = accepted(await redeemCoupons(ctx, { orderId }));
  expect(redeemed).toMatchObject({ state: "REDEEMED", redeemedAt: now, quote: locked.quote });
  expect(await countsOf(a.template)).toMatchObject({
    reserved: 0,
    spent: 1_000,
    tally: [{ state: "USED", n: 1, discount: 1_000, revenue: 3_601 }],
  });
  expect(await countsOf(b.template)).toMatchObject({ spent: 400, tally: [{ discount: 400, revenue: 3_601 }] });
  expect(await redeemCoupons(ctx, { orderId })).toEqual(redeemed);
  expect(await couponSums(db)).toEqual([]);
});

test("the same lock again is answered as it stands, another one is a conflict", async () => {
  const { coupon } = await held([1]);
  const other = await held([1]);
  const orderId = name();
  const locked = accepted(await lock([coupon], { orderId }));
  now += 1_000;
  const turned = { ...cart, lines: [...cart.lines].reverse() };
  expect(await lock([coupon], { orderId, cart: turned, ttlSeconds: 60 })).toEqual(locked);
  const more = { ...cart, lines: cart.lines.slice(1) };
  expect(codeOf(await lock([coupon], { orderId, cart: more }))).toBe("CONFLICT");
  expect(codeOf(await lock([other.coupon], { orderId }))).toBe("CONFLICT");
  expect(codeOf(await lock([coupon], { orderId, member: { seq: 2 } }))).toBe("CONFLICT");
  expect(reasonsOf(await lock([coupon]))).toEqual(["LOCKED"]);
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await lock([coupon], { orderId })).toMatchObject({ code: "WRONG_STATE", state: "REDEEMED" });
  expect(reasonsOf(await lock([coupon]))).toEqual(["USED"]);
});

test("one coupon for a thousand orders at once: one order gets it, and it is spent once", async () => {
  const { coupon, template } = await held([1], { budget: 1_000, most: 1_000 });
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      const locked = await lock([coupon]);
      return isRefusal(locked) ? locked : redeemCoupons(ctx, { orderId: locked.orderId });
    }),
  );
  const won = answers.filter((answer): answer is CouponOrder => !isRefusal(answer));
  expect(won).toHaveLength(1);
  const reasons = new Set(answers.filter(isRefusal).flatMap((answer) => reasonsOf(answer)));
  expect([...reasons].every((reason) => reason === "LOCKED" || reason === "USED")).toBe(true);
  expect(await countsOf(template)).toMatchObject({ reserved: 0, spent: 1_000, tally: [{ state: "USED", n: 1 }] });
  const again = await Promise.all(Array.from({ length: 200 }, () => redeemCoupons(ctx, { orderId: won[0]!.orderId })));
  expect(new Set(again.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await countsOf(template)).toMatchObject({ spent: 1_000, tally: [{ n: 1, discount: 1_000 }] });
}, 30_000);

test("one order locked by many at once is locked once, with one set of coupons", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => held([1])));
  const orderId = name();
  const answers = await Promise.all(made.map(({ coupon }) => lock([coupon], { orderId })));
  expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
  const states = await Promise.all(made.map(({ coupon }) => stateOf(coupon)));
  expect(states.filter((state) => state === "LOCKED")).toHaveLength(1);
  expect(await couponSums(db)).toEqual([]);
});

test("a budget of X never pays X + 1, whoever locks, redeems, releases and refunds at the same time", async () => {
  const members = Array.from({ length: 20 }, (_, n) => n + 1);
  // Coupons with too little reserved for them, as those have that were given back, compete for what is left.
  const { template, coupons } = await held(members, { budget: 5_500, most: 100, params: { off: 1_000 } });
  await db.write([sql`UPDATE coupon_template SET most = 1000 WHERE id = ${template}`]);
  const answers = await Promise.all(
    coupons.map(async (coupon, n) => {
      const orderId = name();
      const locked = await lock([coupon], { orderId, member: { seq: n + 1 } });
      if (isRefusal(locked)) return reasonsOf(locked).toString();
      if (n % 3 === 0) return codeOf(await releaseCoupons(ctx, { orderId }));
      accepted(await redeemCoupons(ctx, { orderId }));
      return n % 2 ? codeOf(await refund(orderId)) : "SPENT";
    }),
  );
  expect(new Set(answers)).toEqual(new Set(["BUDGET_SPENT", "DONE", "SPENT"]));
  const sums = await db.first<{ reserved: number; spent: number }>(
    sql`SELECT reserved, spent FROM coupon_template WHERE id = ${template}`,
  );
  expect((sums?.reserved ?? 0) + (sums?.spent ?? 0)).toBeLessThanOrEqual(5_500);
  expect(await couponSums(db)).toEqual([]);
});

test("what a redemption leaves of its reserve brings a sold-out template back", async () => {
  const { template, coupon } = await held([1], { budget: 1_900, most: 1_000, params: { off: 1_000 } });
  await db.write([sql`UPDATE coupon_template SET state = 'SOLD_OUT' WHERE id = ${template}`]);
  const small = { currency: "EUR", lines: [{ id: "pin", goods: "pin", unitPrice: 300, quantity: 1 }] };
  const { orderId } = accepted(await lock([coupon], { cart: small }));
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await countsOf(template)).toMatchObject({ state: "ACTIVE", reserved: 0, spent: 300 });
});

test("a lock that is over frees its coupons, for another order at once and for all with the sweep", async () => {
  const { coupon, coupons, template } = await held([1, 2]);
  const orderId = name();
  accepted(await lock([coupon], { orderId, ttlSeconds: 60 }));
  now += 60_000;
  expect(await findOrder(ctx, orderId)).toMatchObject({ state: "EXPIRED", endedAt: now });
  expect(await redeemCoupons(ctx, { orderId })).toMatchObject({ code: "WRONG_STATE", state: "EXPIRED" });
  const other = accepted(await lock([coupon], { ttlSeconds: 60 }));
  expect(codeOf(await lock([coupon], { orderId }))).toBe("COUPON_UNUSABLE");
  accepted(await lock([coupons[1]!], { member: { seq: 2 }, ttlSeconds: 60 }));
  expect(await countsOf(template)).toMatchObject({ tally: [{ state: "LOCKED", n: 2 }] });
  now += 60_000;
  expect(await expireLocks(ctx, 10)).toBe(2);
  expect(await expireLocks(ctx, 10)).toBe(0);
  expect(await stateOf(coupon)).toBe("AVAILABLE");
  expect(await findOrder(ctx, other.orderId)).toMatchObject({ state: "EXPIRED" });
  expect(await countsOf(template)).toMatchObject({ tally: [] });
  expect(accepted(await lock([coupon], { orderId })).state).toBe("LOCKED");
  expect(accepted(await redeemCoupons(ctx, { orderId })).state).toBe("REDEEMED");
});

test("releasing gives coupons back once, and a redeemed order is not released", async () => {
  const { coupon, template } = await held([1]);
  const { orderId } = accepted(await lock([coupon]));
  const answers = await Promise.all(Array.from({ length: 20 }, () => releaseCoupons(ctx, { orderId })));
  expect(answers.map(codeOf)).toEqual(Array.from({ length: 20 }, () => "DONE"));
  expect(await countsOf(template)).toMatchObject({ tally: [] });
  expect(await redeemCoupons(ctx, { orderId })).toMatchObject({ code: "WRONG_STATE", state: "RELEASED" });
  accepted(await lock([coupon], { orderId }));
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await releaseCoupons(ctx, { orderId })).toMatchObject({ code: "WRONG_STATE", state: "REDEEMED" });
  expect(codeOf(await releaseCoupons(ctx, { orderId: "nobody's" }))).toBe("NOT_FOUND");
  expect(await couponSums(db)).toEqual([]);
});

test("released and redeemed at once, an order is one of the two, and its coupon too", async () => {
  for (let n = 0; n < 10; n++) {
    const { coupon } = await held([1]);
    const { orderId } = accepted(await lock([coupon]));
    const [redeemed, released] = await Promise.all([redeemCoupons(ctx, { orderId }), releaseCoupons(ctx, { orderId })]);
    expect([codeOf(redeemed), codeOf(released)].sort()).toEqual(["DONE", "WRONG_STATE"]);
    expect(await stateOf(coupon)).toBe(isRefusal(redeemed) ? "AVAILABLE" : "USED");
  }
  expect(await couponSums(db)).toEqual([]);
});

test("a cart that changed before it was paid is quoted anew, with the same coupons, as valid as when they were locked", async () => {
  const { coupon, template } = await held([1], {
    kind: "FULL_REDUCTION",
    params: { spend: 4_000, off: 500 },
    validTo: now + 60_000,
  });
  const { orderId } = accepted(await lock([coupon]));
  now += 120_000;
  const less = { ...cart, lines: cart.lines.slice(1) };
  expect(await redeemCoupons(ctx, { orderId, cart: less })).toMatchObject({
    code: "COUPON_UNUSABLE",
    coupons: [{ coupon, reason: "BELOW_THRESHOLD", missing: 2_999 }],
  });
  expect(await redeemCoupons(ctx, { orderId, cart: { currency: "EUR", lines: [] } })).toMatchObject({
    issues: [{ path: "cart.lines" }],
  });
  const more = { ...cart, lines: [...cart.lines, { id: "pot", goods: "pot", unitPrice: 10, quantity: 1 }] };
  expect(accepted(await redeemCoupons(ctx, { orderId, cart: more })).quote.pay).toBe(4_511);
  expect(await countsOf(template)).toMatchObject({ tally: [{ revenue: 4_511, discount: 500 }] });
  expect(codeOf(await redeemCoupons(ctx, { orderId }))).toBe("DONE");
  expect(codeOf(await redeemCoupons(ctx, { orderId, cart }))).toBe("CONFLICT");
});

/** An order on which a coupon of 1,000 was used: 4,001 were paid for it. */
async function paid(facts: Partial<typeof templateTable.$inferInsert> = {}) {
  const made = await held([1], facts);
  const { orderId } = accepted(await lock([made.coupon]));
  accepted(await redeemCoupons(ctx, { orderId }));
  return { ...made, orderId };
}

test("a refund in full gives a valid coupon back, once, however often and by however many it is asked for", async () => {
  const { orderId, coupon, template } = await paid({ budget: 1_000, most: 1_000 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => refund(orderId)));
  const first = accepted(answers[0]!);
  expect(first.refund).toMatchObject({ amount: 4_001, givenBack: [coupon] });
  expect(first.refund.lines).toEqual([
    { line: "cup", amount: 801 },
    { line: "tea", amount: 3_200 },
  ]);
  expect(answers.map((answer) => accepted(answer).refund)).toEqual(answers.map(() => first.refund));
  expect(accepted(await refund(orderId)).order).toMatchObject({ state: "REFUNDED", refunded: 4_001 });
  expect(await stateOf(coupon)).toBe("AVAILABLE");
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, tally: [] });
  expect(codeOf(await refund(orderId, { refundId: "r2" }))).toBe("WRONG_STATE");
  expect(codeOf(await refund(orderId, { policy: "KEEP" }))).toBe("CONFLICT");
  const again = accepted(await lock([coupon]));
  accepted(await redeemCoupons(ctx, { orderId: again.orderId }));
  expect(codeOf(await refund(orderId))).toBe("DONE");
  expect(await stateOf(coupon)).toBe("USED");
  expect(await couponSums(db)).toEqual([]);
});

test("with KEEP a coupon stays spent; one that expired comes back only with more time", async () => {
  const kept = await paid();
  expect(accepted(await refund(kept.orderId, { policy: "KEEP" })).refund.givenBack).toEqual([]);
  expect(await stateOf(kept.coupon)).toBe("USED");
  expect(await countsOf(kept.template)).toMatchObject({ spent: 1_000, tally: [{ n: 1, discount: 1_000, revenue: 0 }] });
  const [late, later] = [await paid({ validTo: now + day }), await paid({ validTo: now + day })];
  const soon = await paid({ validTo: now + 30 * day });
  now += 2 * day;
  expect(accepted(await refund(late.orderId)).refund.givenBack).toEqual([]);
  expect(accepted(await refund(later.orderId, { validDays: 7 })).refund.givenBack).toEqual([later.coupon]);
  expect(accepted(await refund(soon.orderId, { validDays: 7 })).refund.givenBack).toEqual([soon.coupon]);
  const ends = await db.all<{ valid_to: number }>(
    sql`SELECT valid_to FROM coupon WHERE id IN (${later.coupon}, ${soon.coupon}) ORDER BY id`,
  );
  expect(ends.map(({ valid_to }) => valid_to)).toEqual([now + 7 * day, now + 28 * day]);
  expect(await couponSums(db)).toEqual([]);
});

test("partial refunds add up to what was paid, line by line, and the last one gives the coupon back", async () => {
  const { orderId, coupon, template } = await paid();
  const part = (refundId: string, more: Partial<RefundInput>) => refund(orderId, { refundId, ...more });
  const cup = accepted(await part("a", { lines: ["cup"] }));
  expect(cup.refund).toMatchObject({ amount: 801, lines: [{ line: "cup", amount: 801 }], givenBack: [] });
  expect(await part("b", { lines: ["cup"] })).toMatchObject({ issues: [{ path: "lines" }] });
  expect(await part("b", { lines: ["tea", "pot"] })).toMatchObject({ issues: [{ path: "lines.1" }] });
  expect(await part("b", { amount: 3_201 })).toMatchObject({ issues: [{ path: "amount" }] });
  expect(await part("b", { amount: 0 })).toMatchObject({ issues: [{ path: "amount" }] });
  await Promise.all(Array.from({ length: 10 }, (_, n) => part(`many ${n}`, { amount: 319 })));
  expect(await findOrder(ctx, orderId)).toMatchObject({ state: "REDEEMED", refunded: 3_991 });
  expect(await countsOf(template)).toMatchObject({ tally: [{ n: 1, revenue: 10 }] });
  expect(await stateOf(coupon)).toBe("USED");
  expect(accepted(await part("last", { amount: 10 })).refund.givenBack).toEqual([coupon]);
  expect(await findOrder(ctx, orderId)).toMatchObject({ state: "REFUNDED", refunded: 4_001 });
  expect(await couponSums(db)).toEqual([]);
});

test("an order that coupons paid for alone is refunded, too", async () => {
  const { coupon } = await held([1], { kind: "CASH", params: { value: 9_000 } });
  const { orderId, quote } = accepted(await lock([coupon]));
  expect(quote).toMatchObject({ pay: 0, couponDiscount: 5_001 });
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(accepted(await refund(orderId))).toMatchObject({
    refund: { amount: 0, givenBack: [coupon] },
    order: { state: "REFUNDED" },
  });
});

test("what a full budget cannot hold again comes back with what it had taken off held for it", async () => {
  const { template, coupons } = await held([1, 2], {
    budget: 2_000,
    most: 1_000,
    kind: "DISCOUNT",
    params: { basisPointsOff: 1_000, cap: 1_000 },
  });
  const { orderId } = accepted(await lock([coupons[0]!]));
  accepted(await redeemCoupons(ctx, { orderId }));
  await db.write([sql`UPDATE coupon_template SET budget = 1500 WHERE id = ${template}`]);
  accepted(await refund(orderId));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_500, spent: 0, state: "SOLD_OUT" });
  expect(await couponSums(db)).toEqual([]);
});

test("coupons that the shop takes back while they are locked become withdrawn when they are released", async () => {
  const { template, coupon } = await held([1], { budget: 1_000, most: 1_000 });
  const { orderId } = accepted(await lock([coupon]));
  await db.write([
    sql`UPDATE coupon_template SET state = 'WITHDRAWN' WHERE id = ${template}`,
    sql`INSERT INTO coupon_take_back (template, next, upto, started_at) VALUES (${template}, 0, ${coupon}, ${now})`,
  ]);
  accepted(await releaseCoupons(ctx, { orderId }));
  expect(await stateOf(coupon)).toBe("WITHDRAWN");
  expect(await countsOf(template)).toMatchObject({ reserved: 0, tally: [{ state: "WITHDRAWN", n: 1 }] });
  expect(await couponSums(db)).toEqual([]);
});

test("a batch that runs again, as after an answer that was lost, changes nothing more", async () => {
  const twice: Context = {
    ...ctx,
    db: {
      ...db,
      write: async (queries) => {
        await db.write(queries);
        return db.write(queries);
      },
    },
  };
  const { template, coupon } = await held([1], { budget: 1_000, most: 1_000 });
  const orderId = name();
  const locking = { orderId, member: { seq: 1 }, cart, coupons: [coupon] };
  accepted(await lockCoupons(twice, locking));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, tally: [{ state: "LOCKED", n: 1 }] });
  accepted(await releaseCoupons(twice, { orderId }));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, tally: [] });
  accepted(await lockCoupons(twice, locking));
  accepted(await redeemCoupons(twice, { orderId }));
  expect(await countsOf(template)).toMatchObject({ reserved: 0, spent: 1_000, tally: [{ n: 1, revenue: 4_001 }] });
  accepted(await refundOrder(twice, { orderId, refundId: "a", policy: "GIVE_BACK", amount: 1_000 }));
  expect(await countsOf(template)).toMatchObject({ spent: 1_000, tally: [{ n: 1, revenue: 3_001 }] });
  accepted(await refundOrder(twice, { orderId, refundId: "b", policy: "GIVE_BACK" }));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, tally: [] });
  expect(await couponSums(db)).toEqual([]);
});

test("whatever many do to the same few orders and coupons at once, every coupon is where its order says", async () => {
  const made = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      held([1], { ...stacks(`group ${n % 3}`, n), budget: 700, most: 500, params: { off: 100 * (1 + (n % 5)) } }),
    ),
  );
  const ids = made.map(({ coupon }) => coupon);
  const orders = Array.from({ length: 5 }, name);
  const seed = Date.now() % 2_147_483_647;
  let dice = seed;
  const roll = (sides: number) => {
    dice = (dice * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((dice / 2 ** 31) * sides);
  };
  const act = async (n: number) => {
    const orderId = orders[roll(orders.length)]!;
    const two = [ids[roll(6)]!, ids[roll(6)]!];
    switch (roll(6)) {
      case 0:
      case 1:
        return lock([...new Set(two)], { orderId, ttlSeconds: 10 });
      case 2:
        return redeemCoupons(ctx, { orderId });
      case 3:
        return releaseCoupons(ctx, { orderId });
      case 4:
        return refund(orderId, { refundId: `r${roll(3)}`, ...(roll(2) ? { amount: 1_500 } : {}) });
      default:
        if (n % 10 === 0) now += 6_000;
        return expireLocks(ctx, 10);
    }
  };
  for (let round = 0; round < 6; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => act(n)));
    expect({ seed, faults: await couponSums(db) }).toEqual({ seed, faults: [] });
    // What was refunded in full is done with: others take its place.
    for (const [n, orderId] of orders.entries())
      if ((await findOrder(ctx, orderId))?.state === "REFUNDED") orders[n] = name();
  }
});

test("a member's export tells the orders; erasing the member leaves those that were paid, to be refunded", async () => {
  const { coupons } = await held([20, 20], stacks("a"));
  const [paidFor, givenUp] = [
    accepted(await lock([coupons[0]!], { member: { seq: 20 } })),
    accepted(await lock([coupons[1]!], { member: { seq: 20 } })),
  ];
  accepted(await redeemCoupons(ctx, paidFor));
  accepted(await releaseCoupons(ctx, givenUp));
  const told = accepted(await exportMember(ctx, { seq: 20 }, orderPersonalData));
  expect(told.orders).toMatchObject([{ state: "REDEEMED", pay: 4_001 }, { order_id: givenUp.orderId }]);
  accepted(await eraseMember(ctx, { seq: 20 }, orderPersonalData));
  expect(await findOrder(ctx, givenUp.orderId)).toBeUndefined();
  expect(accepted(await refund(paidFor.orderId)).refund.amount).toBe(4_001);
});

test("an order that came to nothing is forgotten after a month", async () => {
  const { coupon } = await held([1]);
  const { orderId } = accepted(await lock([coupon]));
  accepted(await releaseCoupons(ctx, { orderId }));
  await expireLocks(ctx, 100);
  expect(await findOrder(ctx, orderId)).toBeDefined();
  now += 31 * day;
  await expireLocks(ctx, 100);
  expect(await findOrder(ctx, orderId)).toBeUndefined();
});

test("faults of an input are named, and strangers' coupons are not found", async () => {
  const { coupon } = await held([2]);
  expect(reasonsOf(await lock([coupon, 999_999]))).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  expect(codeOf(await lock([coupon], { member: { externalId: "nobody" } }))).toBe("NOT_FOUND");
  const faulty = await lock([], { ttlSeconds: 1, orderId: "", cart: { ...cart, currency: "euro" } });
  expect(isRefusal(faulty) && faulty.code === "INVALID_INPUT" && faulty.issues.map(({ path }) => path)).toEqual([
    "orderId",
    "cart.currency",
    "coupons",
    "ttlSeconds",
  ]);
  expect(codeOf(await redeemCoupons(ctx, { orderId: "none" }))).toBe("NOT_FOUND");
  expect(codeOf(await refund("none"))).toBe("NOT_FOUND");
});
