import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import * as campaignEvents from "../../src/campaign/events.ts";
import * as couponEvents from "../../src/coupon/coupon-events.ts";
import * as templateEvents from "../../src/coupon/events.ts";
import { globalId } from "../../src/ids.ts";
import * as memberEvents from "../../src/member/events.ts";
import { bodiesToPost } from "../../src/webhook/body.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(2);
});
afterAll(closeLedgers);

const posted = async (type: string, data: object) => {
  const body = JSON.stringify({ type, version: 1, timestamp: "then", data });
  return JSON.parse((await bodiesToPost(shop.ctx, [{ type, body }]))[0] ?? "");
};

test("rows are posted as their global ids, under the name of their field, and money with its currency", async () => {
  const sold = { template: 7, recurringTemplate: null, issued: 3, stock: 3, budget: 500, currency: "JPY" };
  const { template: _, recurringTemplate: __, currency, ...same } = sold;
  expect(await posted("coupon.sold_out", sold)).toEqual({
    type: "coupon.sold_out",
    version: 1,
    timestamp: "then",
    data: {
      ...same,
      templateId: globalId("CouponTemplate", 7),
      recurringTemplateId: null,
      budget: { amount: 500, currency },
    },
  });
});

test("times are posted as the API says them", async () => {
  const dueAt = Date.parse("2026-06-01T12:00:00Z");
  expect((await posted("run.cancelled", { run: 1, campaign: 2, dueAt, startedAt: null })).data).toEqual({
    runId: globalId("Run", 1),
    campaignId: globalId("Campaign", 2),
    dueAt: "2026-06-01T12:00:00.000Z",
    startedAt: null,
  });
});

test("a member is posted as the API's id and the shop's own; who is no longer there is nobody", async () => {
  const word = { channel: "EMAIL", topic: "*" };
  const ofMember = async (member: string) => (await posted("member.unsubscribed", { member, ...word })).data;
  expect(await ofMember("m_2")).toEqual({ memberId: globalId("Member", 2), externalId: "x2", ...word });
  expect(await ofMember("m_9")).toEqual({ memberId: null, externalId: null, ...word });
});

test("tests, and what nobody knows any more, are posted as they are", async () => {
  for (const type of ["webhook.test", "long.gone"]) {
    expect((await posted(type, { member: "m_1", run: 4 })).data).toEqual({ member: "m_1", run: 4 });
  }
});

test("each event says how its rows, times and members are told outside", () => {
  const all = Object.values({ ...campaignEvents, ...couponEvents, ...templateEvents, ...memberEvents });
  const events = all.flatMap((event) => (typeof event === "object" && "outside" in event ? [event] : []));
  expect(events.length).toBeGreaterThan(10);
  for (const { type, schema, outside } of events) {
    const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const { ids = {}, times = [], member } = outside;
    const known: unknown[] = [...Object.keys(ids), ...times, member];
    const strange = names.filter((name) => /^(run|campaign|coupon|member)$|emplate$|At$|^valid/.test(name));
    expect([type, strange.filter((name) => !known.includes(name))]).toEqual([type, []]);
  }
});
