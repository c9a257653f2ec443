import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { setNoticePolicy } from "../../../src/campaign/notice/policy.ts";
import { dropsBetween, forgetNotices } from "../../../src/coupon/reminder/due.ts";
import { cancelReminder, remindMe } from "../../../src/coupon/reminder/reminder.ts";
import { makeOccurrences } from "../../../src/coupon/template/occurrence.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { isRefusal } from "../../../src/errors.ts";
import { addTemplate } from "../../support/coupons.ts";
import { accepted } from "../../support/shop.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const minute = 60_000;
const hour = 60 * minute;
let wallets: Wallets;
beforeAll(async () => {
  wallets = await openWallets({ redis: false });
});
afterAll(() => wallets.close());

const now = () => wallets.ctx.clock();
const ask = (template: number, member = 1) => remindMe(wallets.as(member), { template });
const cancel = (template: number, member = 1) => cancelReminder(wallets.as(member), { template });
const codeOf = (answer: Awaited<ReturnType<typeof remindMe | typeof cancelReminder>>) => {
  if (!isRefusal(answer)) return "DONE";
  return answer.code === "WRONG_STATE" ? answer.currentState : answer.code;
};
const wishes = async (template: number) =>
  (await wallets.db.all(sql`SELECT 1 FROM coupon_reminder WHERE template = ${template}`)).length;

test("a member is to be told five minutes before a drop; asking twice is asking once; it can be undone", async () => {
  const opensAt = now() + hour;
  const { id } = await addTemplate(wallets.ctx, { opensAt });
  expect(accepted(await ask(id))).toMatchObject({ opensAt, remindAt: opensAt - 5 * minute, template: { id } });
  expect(codeOf(await ask(id))).toBe("DONE");
  expect(await wishes(id)).toBe(1);
  expect(codeOf(await cancel(id, 2))).toBe("NOT_FOUND");
  expect(codeOf(await cancel(id))).toBe("DONE");
  expect(codeOf(await cancel(id))).toBe("NOT_FOUND");
  expect(await wishes(id)).toBe(0);
});

test("a reminder that cannot be is refused by its name", async () => {
  const of = async (facts: Parameters<typeof addTemplate>[1]) =>
    codeOf(await ask((await addTemplate(wallets.ctx, facts)).id));
  const opensAt = now() + hour;
  expect(codeOf(await ask(999_999))).toBe("NOT_FOUND");
  expect(await of({ opensAt, state: "DRAFT" })).toBe("NOT_FOUND");
  expect(await of({ opensAt, issueMode: "SYSTEM" })).toBe("NOT_FOUND");
  expect(await of({ opensAt, state: "WITHDRAWN" })).toBe("ENDED");
  expect(await of({ opensAt: 1, closesAt: now() })).toBe("ENDED");
  expect(await of({ opensAt, state: "SOLD_OUT" })).toBe("SOLD_OUT");
  expect(await of({ opensAt, eligibility: { level: { gte: 9 } } })).toBe("NOT_ELIGIBLE");
  expect(await of({})).toBe("OPEN");
  expect(await of({ opensAt: now() })).toBe("OPEN");
  expect(await of({ opensAt: now() + 5 * minute })).toBe("OPENING");
  expect(await of({ opensAt: now() + 5 * minute + 1 })).toBe("DONE");
});

test("once members are being told, a reminder cannot be taken back", async () => {
  const { id } = await addTemplate(wallets.ctx, { opensAt: now() + 6 * minute });
  accepted(await ask(id));
  wallets.pass(minute);
  expect(codeOf(await cancel(id))).toBe("SENT");
});

test("of a recurring template the next occurrence is meant, even if one is open; cancelling means all", async () => {
  const { id } = await addTemplate(wallets.ctx, { recurrence: { cron: "0 * * * *", zone: "UTC", minutes: 50 } });
  const recurring = await findTemplate(wallets.ctx, id);
  if (!recurring) throw new Error("no template");
  expect(codeOf(await ask(id))).toBe("ENDED");
  wallets.pass(hour - (now() % hour) + 10 * minute);
  await makeOccurrences(wallets.ctx, recurring);
  const first = accepted(await ask(id));
  expect(first.template.recurringTemplate).toBe(id);
  expect(first.opensAt - now()).toBe(50 * minute);
  wallets.pass(hour);
  await makeOccurrences(wallets.ctx, recurring);
  const second = accepted(await ask(id));
  expect(second.opensAt).toBe(first.opensAt + hour);
  expect(accepted(await cancel(id)).template.id).toBe(second.template.id);
  expect([await wishes(first.template.id), await wishes(second.template.id)]).toEqual([1, 0]);
});

test("the shop says how long before members are told: of one template, its occurrences, or all", async () => {
  const opensAt = now() + 3 * hour;
  const [own, other] = [await addTemplate(wallets.ctx, { opensAt }), await addTemplate(wallets.ctx, { opensAt })];
  const occurrence = await addTemplate(wallets.ctx, { opensAt, recurringTemplate: own.id, occursAt: opensAt });
  const leadOf = async ({ id }: { id: number }) => opensAt - accepted(await ask(id)).remindAt;
  accepted(await setNoticePolicy(wallets.ctx, { kind: "DROP", leadMinutes: 30 }));
  accepted(await setNoticePolicy(wallets.ctx, { kind: "DROP", template: own.id, leadMinutes: 90 }));
  expect([await leadOf(own), await leadOf(occurrence), await leadOf(other)]).toEqual([
    90 * minute,
    90 * minute,
    30 * minute,
  ]);
  accepted(await setNoticePolicy(wallets.ctx, { kind: "DROP", enabled: false }));
  expect([codeOf(await ask(own.id)), codeOf(await ask(other.id))]).toEqual(["DONE", "OFF"]);
  accepted(await setNoticePolicy(wallets.ctx, { kind: "DROP" }));
  expect(await leadOf(other)).toBe(5 * minute);
});

test("what an operator says of reminders is refused with the place of each fault", async () => {
  const said = async (input: Parameters<typeof setNoticePolicy>[1]) => {
    const answer = await setNoticePolicy(wallets.ctx, input);
    return isRefusal(answer) && answer.code === "INVALID_INPUT" ? answer.issues.map(({ path }) => path) : answer;
  };
  expect(await said({ kind: "EXPIRY", leadMinutes: 59 })).toEqual(["leadMinutes"]);
  expect(await said({ kind: "DROP", leadMinutes: 7 * 24 * 60 + 1 })).toEqual(["leadMinutes"]);
  expect(await said({ kind: "DROP", channels: [] })).toEqual(["channels"]);
  const content = { SMS: { default: { text: "{{ nobody.knows }}" } } };
  expect(await said({ kind: "DROP", content })).toEqual(["content.SMS.default.text:1:4"]);
  expect(await said({ kind: "DROP", template: 999_999 })).toMatchObject({ code: "NOT_FOUND" });
});

test("wishes of drops that are long past are forgotten, those of drops to come stay", async () => {
  const past = await addTemplate(wallets.ctx, { opensAt: now() + hour });
  accepted(await ask(past.id));
  wallets.pass(8 * 24 * hour);
  const coming = await addTemplate(wallets.ctx, { opensAt: now() + hour });
  accepted(await ask(coming.id));
  for (let n = 0; n < 10; n++) await forgetNotices(wallets.ctx);
  expect([await wishes(past.id), await wishes(coming.id)]).toEqual([0, 1]);
  expect(await dropsBetween(wallets.ctx, now(), now() + 2 * hour)).toEqual([coming.id]);
});
