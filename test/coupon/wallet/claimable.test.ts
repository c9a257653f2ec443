import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { remindMe } from "../../../src/coupon/reminder/reminder.ts";
import type { templateTable } from "../../../src/coupon/table.ts";
import { makeOccurrences } from "../../../src/coupon/template/occurrence.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { claimableCoupons } from "../../../src/coupon/wallet/claimable.ts";
import { addAlike, addTemplate } from "../../support/coupons.ts";
import { accepted } from "../../support/shop.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const hour = 3_600_000;
const day = 24 * hour;
let wallets: Wallets;
beforeAll(async () => {
  wallets = await openWallets({ redis: false });
});
afterAll(() => wallets.close());

type Facts = Partial<typeof templateTable.$inferInsert>;
const now = () => wallets.ctx.clock();
/** Only these templates are in offer, from a second later on: so old are the offers that may be told. */
async function inOffer(list: readonly Facts[]): Promise<number[]> {
  await wallets.db.write([sql`UPDATE coupon_template SET state = 'ENDED'`]);
  const made: number[] = [];
  for (const facts of list) made.push((await addTemplate(wallets.ctx, facts)).id);
  wallets.pass(1_000);
  return made;
}
const offersTo = async (member: number) =>
  (await claimableCoupons(wallets.as(member), { limit: 200 })).coupons.map(({ template, state }): unknown => [
    template.id,
    state,
  ]);

test("a member sees what closes soonest, then what opens next, each with what can be done with it", async () => {
  const [always, late, soon, upcoming, gone] = await inOffer([
    {},
    { closesAt: now() + 9 * hour },
    { closesAt: now() + hour, perMember: 2 },
    { opensAt: now() + hour },
    { state: "SOLD_OUT", stock: 5, issued: 5 },
  ]);
  accepted(await claimCoupon(wallets.as(1), { template: late ?? 0, idempotencyKey: "a" }));
  accepted(await claimCoupon(wallets.as(1), { template: soon ?? 0, idempotencyKey: "b" }));
  expect(await offersTo(1)).toEqual([
    [soon, "CLAIMABLE"],
    [late, "LIMIT_REACHED"],
    [always, "CLAIMABLE"],
    [gone, "SOLD_OUT"],
    [upcoming, "NOT_STARTED"],
  ]);
  wallets.pass(hour);
  expect(await offersTo(2)).toEqual([
    [late, "CLAIMABLE"],
    [always, "CLAIMABLE"],
    [upcoming, "CLAIMABLE"],
    [gone, "SOLD_OUT"],
  ]);
});

test("what members cannot claim themselves, is over, far ahead, a draft, or for others is not offered", async () => {
  await wallets.db.write([sql`UPDATE member SET level = 3 WHERE seq = 7`]);
  const [forLevel3] = await inOffer([
    { eligibility: { level: { gte: 3 } } },
    { issueMode: "SYSTEM" },
    { state: "DRAFT" },
    { state: "WITHDRAWN" },
    { closesAt: now() },
    { validTo: now() },
    { opensAt: now() + 8 * day },
  ]);
  expect(await offersTo(7)).toEqual([[forLevel3, "CLAIMABLE"]]);
  expect(await offersTo(8)).toEqual([]);
});

test("of what recurs the open occurrence and the next are shown, and whether a reminder was asked for", async () => {
  const recurrence = { cron: "0 * * * *", zone: "UTC", minutes: 59 };
  const [recurring = 0] = await inOffer([{ recurrence }]);
  const template = await findTemplate(wallets.ctx, recurring);
  if (!template) throw new Error("no template");
  await makeOccurrences(wallets.ctx, template);
  const toWholeHour = hour - (now() % hour);
  wallets.pass(toWholeHour + 60_000);
  await makeOccurrences(wallets.ctx, template);
  const reminder = accepted(await remindMe(wallets.as(3), { template: recurring }));
  wallets.pass(1_000);
  const { coupons: offers } = await claimableCoupons(wallets.as(3), { limit: 200 });
  expect(offers.map(({ state, isReminded }) => [state, isReminded])).toEqual([
    ["CLAIMABLE", false],
    ["NOT_STARTED", true],
  ]);
  expect(offers[1]?.template.id).toBe(reminder.template.id);
});

test("what the filters, the wallet and the reminders say of a member is one statement, and is never kept", async () => {
  const [held = 0, forLevel5 = 0, upcoming = 0] = await inOffer([
    { perMember: 2 },
    { eligibility: { level: { gte: 5 } }, closesAt: now() + day },
    { opensAt: now() + day },
  ]);
  await offersTo(30);
  const before = wallets.reads();
  expect(await offersTo(30)).toEqual([
    [held, "CLAIMABLE"],
    [upcoming, "NOT_STARTED"],
  ]);
  expect(wallets.reads() - before).toBe(1);
  await wallets.db.write([sql`UPDATE member SET level = 5 WHERE seq = 30`]);
  await wallets.give(30, { template: held });
  await wallets.give(30, { template: held });
  accepted(await remindMe(wallets.as(30), { template: upcoming }));
  const { coupons } = await claimableCoupons(wallets.as(30), { limit: 20 });
  expect(coupons.map(({ template, state, isReminded }): unknown => [template.id, state, isReminded])).toEqual([
    [forLevel5, "CLAIMABLE", false],
    [held, "LIMIT_REACHED", false],
    [upcoming, "NOT_STARTED", true],
  ]);
});

test("a crowd that looks at the offers in the same second reads what is equal for all once", async () => {
  await inOffer(Array.from({ length: 30 }, (_, n) => ({ eligibility: { level: { gte: n % 3 } } })));
  const before = wallets.reads();
  const crowd = 40;
  await Promise.all(Array.from({ length: crowd }, (_, n) => offersTo(n + 1)));
  // The list, the templates that all see, and those that member 7 sees besides.
  expect(wallets.reads() - before).toBe(3 + crowd);
});

/** All pages of a member's list. */
async function walked(member: number, limit: number): Promise<{ ids: number[]; pages: number }> {
  const ids: number[] = [];
  let after: number | undefined;
  for (let pages = 1; ; pages++) {
    const { coupons, goOn } = await claimableCoupons(wallets.as(member), { after, limit });
    ids.push(...coupons.map(({ template }) => template.id));
    after = goOn ?? (coupons.length < limit ? undefined : ids.at(-1));
    if (after === undefined) return { ids, pages };
  }
}

test("whoever is no VIP sees all that is for everybody, though a thousand for VIPs close first", async () => {
  await inOffer([]);
  await addAlike(wallets.ctx, 1_001, { eligibility: { level: { gte: 9 } }, closesAt: now() + hour });
  await addAlike(wallets.ctx, 3_001, { closesAt: now() + 2 * hour });
  await wallets.db.write([sql`UPDATE member SET level = 9 WHERE seq = 20`]);
  wallets.pass(1_000);
  const before = wallets.reads();
  expect((await claimableCoupons(wallets.as(21), { limit: 20 })).coupons).toHaveLength(20);
  expect(wallets.reads() - before).toBeLessThan(6);
  const plain = await walked(21, 1_000);
  expect([plain.ids.length, new Set(plain.ids).size, plain.pages]).toEqual([3_001, 3_001, 4]);
  const { coupons } = await claimableCoupons(wallets.as(20), { limit: 1_010 });
  const toVip = coupons.map(({ template }) => template.id);
  expect(toVip.slice(1_001)).toEqual(plain.ids.slice(0, 9));
});

test("a page that would ask too many filters ends early and says where to go on, and loses nothing", async () => {
  const [always] = await inOffer([{}]);
  await addAlike(wallets.ctx, 420, { eligibility: { points: { eq: 1 } }, closesAt: now() + hour });
  await wallets.db.write([
    sql`UPDATE coupon_template SET eligibility = json_object('points', json_object('eq', id))
      WHERE eligibility <> 'null'`,
    sql`UPDATE member SET points = (SELECT max(id) FROM coupon_template) WHERE seq = 22`,
  ]);
  wallets.pass(1_000);
  const first = await claimableCoupons(wallets.as(22), { limit: 20 });
  expect([first.coupons.length, first.goOn === undefined]).toEqual([0, false]);
  const { ids } = await walked(22, 20);
  expect([ids.length, ids.at(-1)]).toEqual([2, always]);
});

test("a page goes on where the last one ended, though what it ended with has closed since", async () => {
  const ids = await inOffer([1, 2, 3, 4].map((n) => ({ closesAt: now() + n * hour })));
  await wallets.db.write([sql`UPDATE coupon_template SET state = 'ENDED' WHERE id = ${ids[1]}`]);
  wallets.pass(1_000);
  const { coupons } = await claimableCoupons(wallets.as(1), { after: ids[1], limit: 20 });
  expect(coupons.map(({ template }) => template.id)).toEqual(ids.slice(2));
});
