import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { remindMe } from "../../../src/coupon/reminder/reminder.ts";
import type { templateTable } from "../../../src/coupon/table.ts";
import { makeOccurrences } from "../../../src/coupon/template/occurrence.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { claimableCoupons } from "../../../src/coupon/wallet/claimable.ts";
import { addTemplate } from "../../support/coupons.ts";
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
  (await claimableCoupons(wallets.as(member))).map(({ template, state }): unknown => [template.id, state]);

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
  const offers = await claimableCoupons(wallets.as(3));
  expect(offers.map(({ state, isReminded }) => [state, isReminded])).toEqual([
    ["CLAIMABLE", false],
    ["NOT_STARTED", true],
  ]);
  expect(offers[1]?.template.id).toBe(reminder.template.id);
});

test("a crowd that looks at the offers in the same second reads what is equal for all once", async () => {
  await inOffer(Array.from({ length: 30 }, (_, n) => ({ eligibility: { level: { gte: n % 3 } } })));
  const before = wallets.reads();
  const crowd = 40;
  await Promise.all(Array.from({ length: crowd }, (_, n) => offersTo(n + 1)));
  expect(wallets.reads() - before).toBe(1 + crowd * 3);
});
