import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { setCapsPolicy } from "../../src/campaign/caps/policy.ts";
import { listInbox } from "../../src/campaign/inbox/inbox.ts";
import { couponNotice } from "../../src/campaign/messages.ts";
import { sendDueNotices } from "../../src/campaign/notice/due.ts";
import { setNoticePolicy } from "../../src/campaign/notice/policy.ts";
import type { MemberContext } from "../../src/context.ts";
import { couponExpire } from "../../src/coupon/messages.ts";
import { cancelReminder, remindMe } from "../../src/coupon/reminder/reminder.ts";
import { endText, momentText } from "../../src/moment.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import { addTemplate } from "../support/coupons.ts";
import { accepted, closeShops, openShop, runOfCampaign, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Where members read unless they say otherwise. */
const reader = { locale: "en", timeZone: "UTC" };

const as = ({ ctx }: Shop, seq: number): MemberContext => ({ ...ctx, actor: { kind: "member", seq, id: `m_${seq}` } });

async function give({ ctx }: Shop, member: number, template: number, validTo: number): Promise<number> {
  const [result] = await ctx.db.write([
    sql`INSERT INTO coupon (member, template, number, source, at, valid_from, valid_to)
        VALUES (${member}, ${template},
          (SELECT count(*) + 1 FROM coupon WHERE member = ${member} AND template = ${template}), 'ISSUE',
        ${ctx.clock()}, 0, ${validTo}) RETURNING id`,
  ]);
  return Number(result?.rows[0]?.id);
}

/** Campaigns that remind of a template, oldest first. */
async function campaignsOf({ ctx }: Shop, template: number): Promise<number[]> {
  const rows = await ctx.db.all<{ campaign: number }>(sql`
    SELECT campaign FROM coupon_notice WHERE template = ${template} AND campaign IS NOT NULL ORDER BY campaign`);
  return rows.map(({ campaign }) => campaign);
}

/** Waits until every campaign that reminds of a template is through, and answers their ledgers. */
async function ledgersOf(shop: Shop, template: number): Promise<Record<string, number>[]> {
  const ledgers: Record<string, number>[] = [];
  for (const campaign of await campaignsOf(shop, template)) {
    const run = await runOfCampaign(shop.ctx.db, campaign);
    await shop.becomes(run, "COMPLETED");
    expect(await shop.faults(run)).toEqual([]);
    ledgers.push(await shop.ledger(run));
  }
  return ledgers;
}

/** What a member reads in the inbox. */
async function inboxOf(shop: Shop, member: number): Promise<unknown[]> {
  const messages = await listInbox(as(shop, member), { limit: 10 });
  return messages.map(({ title, body, url }) => ({ title, body, url }));
}

/** The next whole hour after a time. */
const wholeHour = (at: number) => at - (at % hour) + hour;

/** The next midnight in Shanghai after a time: an afternoon in UTC, so that an end reads differently to both. */
const midnightInShanghai = (at: number) => at - ((at + 8 * hour) % day) + day;

test("only those who asked are told of a drop, once, five minutes before, on the first channel to reach", async () => {
  const shop = await openShop();
  await shop.members(6, { consent: "i <> 2", pushTokens: "i <> 3" });
  accepted(await setCapsPolicy(shop.ctx, { quietFrom: 0, quietTo: 1_439 }));
  const opensAt = shop.ctx.clock() + hour;
  const { id } = await addTemplate(shop.ctx, {
    name: "Drop {{ of }} <ten>",
    opensAt,
    activeUrl: "https://shop.test/drop",
  });
  for (const member of [1, 2, 3, 4]) accepted(await remindMe(as(shop, member), { template: id }));
  accepted(await cancelReminder(as(shop, 4), { template: id }));
  shop.pass(52 * minute);
  await sendDueNotices(shop.ctx);
  expect(await campaignsOf(shop, id)).toEqual([]);
  shop.pass(2 * minute);
  await Promise.all([sendDueNotices(shop.ctx), sendDueNotices(shop.ctx)]);
  const [campaign = 0] = await campaignsOf(shop, id);
  expect(await shop.state(await runOfCampaign(shop.ctx.db, campaign))).toBe("PENDING");
  accepted(await remindMe(as(shop, 5), { template: id }));
  shop.pass(minute);
  expect(await ledgersOf(shop, id)).toEqual([
    expect.objectContaining({
      "EMAIL SENT": 1,
      "EMAIL SKIPPED NO_CONSENT": 1,
      "EMAIL SKIPPED OTHER_CHANNEL": 2,
      "IN_APP SENT": 1,
      "IN_APP SKIPPED OTHER_CHANNEL": 3,
      "PUSH SENT": 2,
      "PUSH SKIPPED NO_ADDRESS": 1,
      "PUSH SKIPPED NO_CONSENT": 1,
    }),
  ]);
  expect(await inboxOf(shop, 2)).toEqual([
    {
      title: "Drop {{ of }} <ten> opens soon",
      body: `It can be claimed from ${momentText(opensAt, reader)}. You asked to be told.\n€10 off.`,
      url: expect.stringMatching(/^http:\/\/[^/]+\/c\/[0-9a-z-]+$/),
    },
  ]);
  for (let n = 0; n < 10; n++) {
    shop.pass(minute);
    await sendDueNotices(shop.ctx);
  }
  expect(await campaignsOf(shop, id)).toHaveLength(1);
});

test("whoever holds an unused coupon is told a day before it expires, once, however often it is looked", async () => {
  const shop = await openShop();
  await shop.members(6, { consent: "0" });
  await shop.ctx.db.write([sql`UPDATE member SET locale = 'zh-CN', time_zone = 'Asia/Shanghai' WHERE seq = 2`]);
  const validTo = midnightInShanghai(shop.ctx.clock() + 48 * hour);
  const { id } = await addTemplate(shop.ctx, { validTo, perMember: 3 });
  const other = await addTemplate(shop.ctx, { perMember: 3 });
  const used = await give(shop, 3, id, validTo);
  await shop.ctx.db.write([sql`UPDATE coupon SET state = 'USED' WHERE id = ${used}`]);
  for (const member of [1, 1, 2]) await give(shop, member, id, validTo);
  await give(shop, 4, other.id, validTo + 30 * hour);
  shop.pass(validTo - 24 * hour - minute - shop.ctx.clock());
  await sendDueNotices(shop.ctx);
  expect(await campaignsOf(shop, id)).toEqual([]);
  shop.pass(2 * minute);
  for (let at = 0; at < 24; at++) {
    await Promise.all([sendDueNotices(shop.ctx), sendDueNotices(shop.ctx)]);
    if (at === 0) await give(shop, 5, id, validTo);
    if (at === 0) expect(await ledgersOf(shop, id)).toMatchObject([{ "IN_APP SENT": 2 }]);
    shop.pass(hour);
  }
  expect(await campaignsOf(shop, id)).toHaveLength(1);
  expect(await campaignsOf(shop, other.id)).toEqual([]);
  const end = endText(validTo, reader);
  expect(await inboxOf(shop, 1)).toEqual([
    { title: "Ten off expires soon", body: `Your coupon can be used until ${end}.\n€10 off.`, url: null },
  ]);
  const there = endText(validTo, { locale: "zh-CN", timeZone: "Asia/Shanghai" });
  expect(there).toEndWith("日 23:59 GMT+8");
  expect(await inboxOf(shop, 2)).toEqual([
    { title: "Ten off 即将过期", body: `您的优惠券有效期至 ${there}，请尽快使用。\n立减€10。`, url: null },
  ]);
  expect(await inboxOf(shop, 5)).toEqual([]);
});

test("coupons that expire hour by hour are told of so, each once, also after hours when nobody looked", async () => {
  const shop = await openShop();
  await shop.members(8, { consent: "0" });
  const { id } = await addTemplate(shop.ctx, { validDays: 2, perMember: 9 });
  const first = wholeHour(shop.ctx.clock() + 48 * hour);
  for (let n = 0; n < 8; n++) await give(shop, n + 1, id, first + (n % 6) * hour + (n % 3) * minute);
  shop.pass(first - 24 * hour - shop.ctx.clock());
  await sendDueNotices(shop.ctx);
  shop.pass(4 * hour);
  await sendDueNotices(shop.ctx);
  shop.pass(hour);
  await sendDueNotices(shop.ctx);
  shop.pass(hour);
  await sendDueNotices(shop.ctx);
  const sent = (await ledgersOf(shop, id)).map((ledger) => ledger["IN_APP SENT"] ?? 0);
  expect(sent.reduce((sum, n) => sum + n, 0)).toBe(8);
  expect(await shop.ctx.db.all(sql`SELECT member FROM inbox GROUP BY member HAVING count(*) <> 1`)).toEqual([]);
});

test("the queue calls every minute for what expires and for whom to remind", async () => {
  const shop = await openShop();
  await shop.members(2, { consent: "0" });
  const schedules = await until(async () => {
    const ids = (await shop.ctx.queue.client.schedules.list()).map(({ scheduleId }) => scheduleId);
    return ids.some((id) => id.endsWith(".coupon-expire")) && ids;
  });
  expect(schedules).toContainEqual(expect.stringMatching(/^fanfare-\w+\.coupon-notice$/));
  const validTo = wholeHour(shop.ctx.clock() + 24 * hour);
  const { id } = await addTemplate(shop.ctx);
  const coupon = await give(shop, 1, id, validTo);
  shop.pass(validTo - 24 * hour - shop.ctx.clock());
  await shop.ctx.db.write([enqueue(shop.ctx, [couponNotice.of({})])]);
  await until(async () => (await campaignsOf(shop, id)).length === 1);
  expect(await ledgersOf(shop, id)).toMatchObject([{ "IN_APP SENT": 1 }]);
  shop.pass(24 * hour);
  await shop.ctx.db.write([enqueue(shop.ctx, [couponExpire.of({})])]);
  const stateOf = () => shop.ctx.db.first<{ state: string }>(sql`SELECT state FROM coupon WHERE id = ${coupon}`);
  await until(async () => (await stateOf())?.state === "EXPIRED");
});

test("the shop's own words, channels and time count; what it switched off is not sent, and caps hold", async () => {
  const shop = await openShop();
  await shop.members(3, { consent: "1" });
  const validTo = wholeHour(shop.ctx.clock() + 72 * hour);
  const [own, off, capped] = [await addTemplate(shop.ctx), await addTemplate(shop.ctx), await addTemplate(shop.ctx)];
  for (const { id } of [own, off, capped]) await give(shop, 1, id, validTo);
  const content = { SMS: { default: { text: "{{ campaign.name }}: two days left" } } };
  const said = { leadMinutes: 48 * 60, channels: ["SMS" as const], content };
  accepted(await setNoticePolicy(shop.ctx, { kind: "EXPIRY", template: own.id, ...said }));
  accepted(await setNoticePolicy(shop.ctx, { kind: "EXPIRY", template: off.id, enabled: false }));
  accepted(await setNoticePolicy(shop.ctx, { kind: "EXPIRY", template: capped.id, channels: ["EMAIL"] }));
  accepted(await setCapsPolicy(shop.ctx, { perWeek: 1 }));
  shop.pass(validTo - 48 * hour - shop.ctx.clock());
  await sendDueNotices(shop.ctx);
  expect(await ledgersOf(shop, own.id)).toEqual([{ "SMS SENT": 1 }]);
  shop.pass(24 * hour);
  await sendDueNotices(shop.ctx);
  expect(await ledgersOf(shop, capped.id)).toEqual([{ "EMAIL SKIPPED CAPPED": 1 }]);
  expect(await campaignsOf(shop, off.id)).toEqual([]);
});

test("whoever used the coupon while the reminder waited is not reminded of its end", async () => {
  const shop = await openShop();
  await shop.members(2, { consent: "1" });
  accepted(await setNoticePolicy(shop.ctx, { kind: "EXPIRY", channels: ["EMAIL"] }));
  const validTo = wholeHour(shop.ctx.clock() + 48 * hour);
  const { id } = await addTemplate(shop.ctx, { validDays: 2 });
  const [, used] = [await give(shop, 1, id, validTo), await give(shop, 2, id, validTo)];
  shop.pass(validTo - 24 * hour - shop.ctx.clock());
  const quietFrom = Math.floor((shop.ctx.clock() / minute) % 1_440);
  accepted(await setCapsPolicy(shop.ctx, { quietFrom, quietTo: (quietFrom + 60) % 1_440 }));
  await sendDueNotices(shop.ctx);
  const [campaign = 0] = await campaignsOf(shop, id);
  const run = await runOfCampaign(shop.ctx.db, campaign);
  await until(async () => (await shop.ledger(run))["EMAIL PENDING QUIET_HOURS"] === 2);
  await shop.ctx.db.write([sql`UPDATE coupon SET state = 'USED' WHERE id = ${used}`]);
  shop.pass(61 * minute);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 1, "EMAIL SKIPPED NOT_HELD": 1 });
});
