import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { createTemplate, updateTemplate } from "../../../src/coupon/template/edit.ts";
import { activateTemplate, endTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { occurrencesAfter, occurrencesDue } from "../../../src/coupon/template/occurrence.ts";
import { changeStock } from "../../../src/coupon/template/stock-and-budget.ts";
import { findTemplate, listOccurrences } from "../../../src/coupon/template/template.ts";
import { isRefusal } from "../../../src/errors.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";

afterAll(closeShops);

const hour = 3_600_000;
const open = { opensAt: null, closesAt: null };
const daily = (cron: string, minutes = 60) => ({ cron, zone: "Europe/Berlin", minutes });
const times = (found: readonly { opensAt: number }[]) => found.map(({ opensAt }) => new Date(opensAt).toISOString());

test("ten o'clock stays ten o'clock when the zone's clock changes", () => {
  const spring = occurrencesAfter(daily("0 10 * * *"), open, Date.parse("2027-03-27T00:00:00Z"), 3);
  expect(times(spring)).toEqual(["2027-03-27T09:00:00.000Z", "2027-03-28T08:00:00.000Z", "2027-03-29T08:00:00.000Z"]);
  const autumn = occurrencesAfter(daily("0 10 * * *"), open, Date.parse("2027-10-30T00:00:00Z"), 3);
  expect(times(autumn)).toEqual(["2027-10-30T08:00:00.000Z", "2027-10-31T09:00:00.000Z", "2027-11-01T09:00:00.000Z"]);
});

test("a time that comes twice in a night opens once, one that is skipped opens when the clock has moved on", () => {
  const autumn = occurrencesAfter(daily("30 2 * * *"), open, Date.parse("2027-10-30T12:00:00Z"), 2);
  expect(times(autumn)).toEqual(["2027-10-31T00:30:00.000Z", "2027-11-01T01:30:00.000Z"]);
  const spring = occurrencesAfter(daily("30 2 * * *"), open, Date.parse("2027-03-27T12:00:00Z"), 2);
  expect(times(spring)).toEqual(["2027-03-28T01:30:00.000Z", "2027-03-29T00:30:00.000Z"]);
  // Looked at in the hour after the one that was skipped, it is still to come.
  const meanwhile = occurrencesAfter(daily("30 2 * * *"), open, Date.parse("2027-03-28T01:10:00Z"), 1);
  expect(times(meanwhile)).toEqual(["2027-03-28T01:30:00.000Z"]);
});

test("occurrences stay inside the template's window; one that is open now is among those due", () => {
  const at = (text: string) => Date.parse(`2027-05-${text}:00Z`);
  const window = { opensAt: at("02T08:00"), closesAt: at("04T08:00") };
  expect(times(occurrencesAfter(daily("0 10 * * *"), window, at("01T00:00"), 9))).toEqual([
    "2027-05-02T08:00:00.000Z",
    "2027-05-03T08:00:00.000Z",
  ]);
  expect(times(occurrencesDue(daily("0 10 * * *"), open, at("05T08:59")))).toEqual([
    "2027-05-05T08:00:00.000Z",
    "2027-05-06T08:00:00.000Z",
    "2027-05-07T08:00:00.000Z",
  ]);
  expect(times(occurrencesDue(daily("0 10 * * *"), open, at("05T09:00")))).toEqual([
    "2027-05-06T08:00:00.000Z",
    "2027-05-07T08:00:00.000Z",
  ]);
});

/** A shop with the sale of every hour, open for half of it, ten minutes before the next one opens. */
async function hourlySale(): Promise<{ shop: Shop; id: number }> {
  const shop = await openShop();
  await shop.members(10);
  const soon = 50 * 60_000 - (shop.ctx.clock() % hour);
  shop.pass(soon < 0 ? soon + hour : soon);
  const recurrence = { cron: "0 * * * *", zone: "UTC", minutes: 30 };
  const draft = { name: "Hourly", kind: "INSTANT", params: { off: 5 }, currency: "EUR", stock: 2, recurrence };
  const { id } = accepted(await createTemplate(shop.ctx, { draft }));
  accepted(await activateTemplate(shop.ctx, { id }));
  return { shop, id };
}

test("each occurrence has fresh stock and a limit of its own, and the sweep makes the next ones, once", async () => {
  const { shop, id } = await hourlySale();
  let keys = 0;
  const claim = async (seq: number) => {
    const ctx: MemberContext = { ...shop.ctx, actor: { kind: "member", seq, id: `m${seq}` } };
    const answer = await claimCoupon(ctx, { template: id, idempotencyKey: `k${keys++}` });
    return isRefusal(answer) ? answer.code : "CLAIMED";
  };
  const rows = () =>
    shop.ctx.db.all<object>(sql`
    SELECT state, issued FROM coupon_template WHERE recurring_template = ${id} ORDER BY occurs_at`);
  expect(await rows()).toEqual([
    { state: "ACTIVE", issued: 0 },
    { state: "ACTIVE", issued: 0 },
  ]);
  expect(await claim(1)).toBe("NOT_STARTED");
  shop.pass(15 * 60_000);
  expect([await claim(1), await claim(1), await claim(2), await claim(3)]).toEqual([
    "CLAIMED",
    "LIMIT_REACHED",
    "CLAIMED",
    "SOLD_OUT",
  ]);
  shop.pass(hour);
  await Promise.all([shop.sweep(), shop.sweep()]);
  expect(await claim(1)).toBe("CLAIMED");
  expect(await rows()).toEqual([
    { state: "ENDED", issued: 2 },
    { state: "ACTIVE", issued: 1 },
    { state: "ACTIVE", issued: 0 },
    { state: "ACTIVE", issued: 0 },
  ]);
});

test("what is changed of a recurring template holds for occurrences not open yet; ending it ends them", async () => {
  const { shop, id } = await hourlySale();
  shop.pass(15 * 60_000);
  accepted(await updateTemplate(shop.ctx, { id, draft: { name: "Rush hour", perMember: 2 } }));
  accepted(await changeStock(shop.ctx, { id, stock: 7 }));
  const all = () => listOccurrences(shop.ctx, { recurringTemplate: id, limit: 9 });
  for (const { opensAt, name, perMember, stock } of await all()) {
    const isOpen = (opensAt ?? 0) <= shop.ctx.clock();
    expect([name, perMember, stock]).toEqual(isOpen ? ["Hourly", 1, 2] : ["Rush hour", 2, 7]);
  }
  accepted(await endTemplate(shop.ctx, { id }));
  const ended = await all();
  expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["ENDED"]));
  expect(ended.length).toBeGreaterThanOrEqual(2);
  await shop.sweep();
  expect(await all()).toHaveLength(ended.length);
  expect(await findTemplate(shop.ctx, id)).toMatchObject({ state: "ENDED", issued: 0 });
});
