import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Content } from "../../../src/campaign/content/content.ts";
import { inboxByRun } from "../../../src/campaign/inbox/inbox.ts";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { addTemplate } from "../../support/coupons.ts";
import { couponFaults } from "../../support/issue.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

afterAll(closeShops);

const content: Content = {
  EMAIL: { default: { subject: "{{ coupon.name }}", html: '<a href="{{ coupon.claimUrl }}">Get it</a>' } },
  SMS: { default: { text: "Get it: {{ coupon.claimUrl }}" } },
  IN_APP: { default: { title: "{{ coupon.name }}", body: "Get it", url: "{{ coupon.claimUrl }}" } },
};

function inviting(shop: Shop, template: number, channels: ("EMAIL" | "SMS" | "IN_APP")[]): Promise<number> {
  return shop.launched({ kind: "COUPON_INVITE", couponTemplate: template, channels, content });
}

function as(shop: Shop, seq: number): MemberContext {
  return { ...shop.ctx, actor: { kind: "member", seq, id: `m_${seq}` } };
}

const couponsOf = (shop: Shop, member: number) =>
  shop.ctx.db.all<{ source: string }>(sql`SELECT source FROM coupon WHERE member = ${member}`);

test("each message carries a link of the member's own, by which a POST claims once, however often", async () => {
  const shop = await openShop();
  await shop.members(30);
  const { id } = await addTemplate(shop.ctx, { codeMode: "ON_CLAIM", codePrefix: "WIN" });
  const run = await inviting(shop, id, ["EMAIL", "SMS", "IN_APP"]);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 30, "IN_APP SENT": 30, "SMS SENT": 30 });
  const { deliveries } = shop.ctx.sandbox.list({ ref: `${run}:7` });
  const text = deliveries.find(({ channel }) => channel === "SMS")?.parts.text ?? "";
  const link = text.slice("Get it: ".length);
  expect(link).toMatch(/^http:\/\/[\w.:]+\/c\/[0-9a-z-]+$/);
  const html = deliveries.find(({ channel }) => channel === "EMAIL")?.parts.html ?? "";
  const tracked = /href="([^"]+)">Get it/.exec(html)?.[1] ?? "";
  expect((await fetch(tracked, { redirect: "manual" })).headers.get("location")).toBe(link);
  const [message] = await inboxByRun(as(shop, 7), [run]);
  expect(message?.url).toBe(link);

  const pages = [await fetch(link, { method: "POST" }), await fetch(link, { method: "POST" })];
  const texts = await Promise.all(pages.map((page) => page.text()));
  expect(pages.map(({ status }) => status)).toEqual([200, 200]);
  expect(texts[0]).toMatch(/<code>WIN-[0-9A-Z*~$=]{14}<\/code>/);
  expect(texts[1]).toBe(texts[0] ?? "");
  expect(await couponsOf(shop, 7)).toEqual([{ source: "CLAIM" }]);
  expect(await couponFaults(shop.ctx.db)).toEqual([]);
});

test("who holds one, may not have one, or comes when all are gone is not invited, for a reason", async () => {
  const shop = await openShop({ env: { BATCH_WINDOW: "1" } });
  await shop.members(400, { level: "i % 4" });
  const { id } = await addTemplate(shop.ctx, { stock: 40, eligibility: { level: { gte: 1 } } });
  for (const seq of [1, 2, 3, 5]) await claimCoupon(as(shop, seq), { template: id, idempotencyKey: "early" });
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 150 });
  const run = await inviting(shop, id, ["EMAIL"]);
  await until(async () => (await shop.sent(run)) > 0);
  await shop.ctx.db.write([
    sql`
      INSERT INTO coupon (member, template, number, source, at, valid_from)
      SELECT 1000 + seq, ${id}, 1, 'ISSUE', ${shop.ctx.clock()}, 0 FROM member WHERE seq <= 36`,
  ]);
  await shop.becomes(run, "COMPLETED");
  const ledger = await shop.ledger(run);
  expect(ledger).toMatchObject({ "EMAIL SKIPPED ALREADY_HOLDS": 4, "EMAIL SKIPPED NOT_ELIGIBLE": 100 });
  expect(ledger["EMAIL SKIPPED SOLD_OUT"]).toBeGreaterThan(0);
  expect((ledger["EMAIL SENT"] ?? 0) + (ledger["EMAIL SKIPPED SOLD_OUT"] ?? 0)).toBe(296);
  expect(await shop.faults(run)).toEqual([]);
});

test("of a recurring template the link is to the occurrence that was open or came next", async () => {
  const shop = await openShop();
  await shop.members(3);
  const now = shop.ctx.clock();
  const hour = 3_600_000;
  const recurring = await addTemplate(shop.ctx, { recurrence: { cron: "0 10 * * *", zone: "UTC", minutes: 60 } });
  const today = await addTemplate(shop.ctx, {
    recurringTemplate: recurring.id,
    occursAt: now,
    opensAt: now,
    closesAt: now + hour,
  });
  await addTemplate(shop.ctx, { recurringTemplate: recurring.id, occursAt: now + 24 * hour, opensAt: now + 24 * hour });
  const run = await inviting(shop, recurring.id, ["SMS"]);
  await shop.becomes(run, "COMPLETED");
  const press = async (member: number) => {
    const [text] = shop.ctx.sandbox.list({ ref: `${run}:${member}` }).deliveries;
    const link = text?.parts.text?.slice("Get it: ".length) ?? "";
    return (await fetch(link, { method: "POST" })).status;
  };
  expect(await press(2)).toBe(200);
  expect(await shop.ctx.db.all(sql`SELECT template FROM coupon`)).toEqual([{ template: today.id }]);
  shop.pass(2 * hour);
  expect(await press(3)).toBe(410);
  expect(await press(2)).toBe(200); // it is still theirs
});
