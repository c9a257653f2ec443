import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Webhook } from "standardwebhooks";
import { twilioSignature } from "../../src/channels/sms/callback.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";

const resendSecret = `whsec_${Buffer.from("a secret of the test shop, 24+").toString("base64")}`;
const publicUrl = "https://shop.test";
let shop: Shop;
let run: number;
const logged: string[] = [];
beforeAll(async () => {
  const log = (level: string, event: string, fields?: object) =>
    void logged.push(
      `${level} ${event} ${JSON.stringify(fields, (_, value) => (value instanceof Error ? `${value}` : value))}`,
    );
  const env = {
    PUBLIC_URL: publicUrl,
    RESEND_WEBHOOK_SECRET: resendSecret,
    TWILIO_ACCOUNT_SID: "AC1",
    TWILIO_AUTH_TOKEN: "twilio token",
    TWILIO_FROM: "+15005550006",
    TWILIO_BASE_URL: "http://127.0.0.1:9",
  };
  shop = await openShop({ env, log });
  await shop.members(20);
  run = await shop.launched({ channels: ["EMAIL"] });
  await shop.becomes(run, "COMPLETED");
});
afterAll(closeShops);

const all = <Row>(query: ReturnType<typeof sql>) => shop.ctx.db.all<Row>(query);
const progressOf = async (member: number) =>
  (await all<{ progress: number }>(sql`SELECT progress FROM send WHERE run = ${run} AND member = ${member}`))[0]
    ?.progress;
const suppressions = () =>
  all<{ address: string }>(sql`SELECT channel, address, reason FROM suppression ORDER BY address`);

const post = (path: string, body: string, headers: Record<string, string>) =>
  fetch(`${shop.app.url}/webhooks/${path}`, { method: "POST", body, headers });

/** Tells what Resend tells of the send to a member. */
function resend(type: string, member: number, more: { id?: string; secret?: string; at?: Date; data?: object } = {}) {
  const { id = `msg_${type}_${member}`, secret = resendSecret, at = new Date(), data = {} } = more;
  const email_id = shop.ctx.sandbox.list({ ref: `${run}:${member}` }).deliveries[0]?.providerId;
  const tags = { ref: Buffer.from(`${run}:${member}`).toString("base64url") };
  const told = { type, created_at: at.toISOString(), data: { email_id, to: [`U${member}@shop.test`], tags, ...data } };
  const body = JSON.stringify(told);
  const signature = new Webhook(secret).sign(id, at, body);
  return post("resend", body, {
    "svix-id": id,
    "svix-timestamp": String(Math.floor(at.getTime() / 1000)),
    "svix-signature": signature,
  });
}

/** Tells what Twilio tells; `query` as it stands in the callback's address. */
function twilio(fields: Record<string, string>, query = "", token = "twilio token") {
  const params = new URLSearchParams(fields);
  return post(`twilio${query}`, params.toString(), {
    "content-type": "application/x-www-form-urlencoded",
    "x-twilio-signature": twilioSignature(token, `${publicUrl}/webhooks/twilio${query}`, params),
  });
}

describe("Resend", () => {
  test("moves a send forward, and a late word does not take it back", async () => {
    for (const type of ["email.delivered", "email.clicked", "email.opened", "email.delivered"]) {
      expect((await resend(type, 1)).status).toBe(204);
    }
    expect(await progressOf(1)).toBe(3);
    expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 20 });
  });

  test("is told to come again where a callback cannot be recorded, and the log says why", async () => {
    await shop.ctx.db.write([
      sql`CREATE TRIGGER no_room BEFORE UPDATE ON send BEGIN SELECT RAISE(ABORT, 'there is no room'); END`,
    ]);
    expect((await resend("email.opened", 9)).status).toBe(500);
    await shop.ctx.db.write([sql`DROP TRIGGER no_room`]);
    expect(logged.at(-1)).toMatch(/^error webhook\.failed .*there is no room/);
    expect((await resend("email.opened", 9)).status).toBe(204);
  });

  test("has hard bounces and complaints suppress the address, soft ones not", async () => {
    await resend("email.bounced", 2, { data: { bounce: { type: "Permanent" } } });
    await resend("email.bounced", 3, { data: { bounce: { type: "Transient" } } });
    await resend("email.complained", 4);
    expect([await progressOf(2), await progressOf(3), await progressOf(4)]).toEqual([5, 4, 6]);
    expect(await suppressions()).toEqual([
      { channel: "EMAIL", address: "u2@shop.test", reason: "hard-bounce" },
      { channel: "EMAIL", address: "u4@shop.test", reason: "complaint" },
    ] as never);
    const next = await shop.launched({ channels: ["EMAIL"] });
    await shop.becomes(next, "COMPLETED");
    expect(await shop.ledger(next)).toEqual({ "EMAIL SENT": 18, "EMAIL SKIPPED SUPPRESSED": 2 });
  });

  test("I13 may tell it twice: a suppression that an operator lifted in between does not come back", async () => {
    expect((await resend("email.complained", 5)).status).toBe(204);
    await shop.ctx.db.write([sql`DELETE FROM suppression WHERE address = 'u5@shop.test'`]);
    expect((await resend("email.complained", 5)).status).toBe(204);
    expect((await suppressions()).map(({ address }) => address)).not.toContain("u5@shop.test");
    expect((await resend("email.complained", 5, { id: "msg_another" })).status).toBe(204);
    expect((await suppressions()).map(({ address }) => address)).toContain("u5@shop.test");
  });

  test("tells of mail that is not ours, and of what is of no interest: 2xx without effect", async () => {
    const before = [await suppressions(), await shop.ledger(run)];
    expect((await resend("email.sent", 6)).status).toBe(204);
    expect((await resend("contact.created", 6)).status).toBe(204);
    expect((await resend("email.opened", 6, { data: { tags: {} } })).status).toBe(204);
    expect((await resend("email.opened", 6, { data: { email_id: "another" } })).status).toBe(204);
    expect((await resend("email.complained", 6, { data: { to: ["a@b.test", "c@d.test"], tags: {} } })).status).toBe(
      204,
    );
    expect([await suppressions(), await shop.ledger(run)]).toEqual(before);
    expect(await progressOf(6)).toBe(0);
  });

  test("I13 is believed only with its signature over this body, now", async () => {
    const another = `whsec_${Buffer.from("another secret of another shop").toString("base64")}`;
    expect((await resend("email.complained", 7, { secret: another })).status).toBe(401);
    expect((await resend("email.complained", 7, { at: new Date(Date.now() - 600_000) })).status).toBe(401);
    expect((await post("resend", "{}", {})).status).toBe(401);
    expect(await progressOf(7)).toBe(0);
  });
});

describe("Twilio", () => {
  const consentOf = (member: number) =>
    all(sql`SELECT topic, granted, source FROM consent WHERE member = ${member} AND channel = 'SMS' ORDER BY topic`);
  const phone = (member: number) => `+4915${10_000_000 + member}`;

  test("settles what nobody knew: a status proves that the message was taken", async () => {
    await shop.ctx.db.write([
      sql`INSERT INTO send (run, channel, member, state, reason, at)
          SELECT ${run}, 'SMS', seq, 'UNKNOWN', 'X', 0 FROM member WHERE seq <= 2`,
      sql`INSERT INTO tally VALUES (${run}, 'SMS', 'UNKNOWN', 'X', 2)`,
    ]);
    const about = (member: number) => `?ref=${encodeURIComponent(`${run}:${member}`)}`;
    expect((await twilio({ MessageSid: "SM1", MessageStatus: "delivered" }, about(1))).status).toBe(204);
    expect(
      (await twilio({ MessageSid: "SM2", MessageStatus: "undelivered", ErrorCode: "30005" }, about(2))).status,
    ).toBe(204);
    const rows = await all(
      sql`SELECT member, state, progress, provider_id FROM send WHERE run = ${run} AND channel = 'SMS'`,
    );
    expect(rows).toEqual([
      { member: 1, state: "SENT", progress: 1, provider_id: "SM1" },
      { member: 2, state: "SENT", progress: 4, provider_id: "SM2" },
    ]);
    expect(await all(sql`SELECT state, n FROM tally WHERE run = ${run} AND channel = 'SMS' AND n <> 0`)).toEqual([
      { state: "SENT", n: 2 },
    ]);
  });

  test("STOP ends all texts to the number, START gives back what it took, an old STOP again does nothing", async () => {
    await shop.ctx.db.write([
      sql`INSERT INTO consent (member, channel, topic, said, said_by, said_at)
          VALUES (8, 'SMS', 'news', 1, 'test', 0), (8, 'SMS', 'games', 0, 'member', 0)`,
    ]);
    const stop = () => twilio({ MessageSid: "SM3", From: phone(8).replace("+4915", "+49 15"), Body: "stop" });
    expect((await stop()).status).toBe(204);
    expect(await consentOf(8)).toEqual([
      { topic: "*", granted: 0, source: "sms-stop" },
      { topic: "games", granted: 0, source: "member" },
      { topic: "news", granted: 0, source: "sms-stop" },
    ]);
    expect(await suppressions()).toContainEqual({ channel: "SMS", address: phone(8), reason: "stop" } as never);
    expect((await twilio({ MessageSid: "SM4", From: phone(8), Body: "START" })).status).toBe(204);
    const started = [
      { topic: "*", granted: 1, source: "sms-start" },
      { topic: "games", granted: 0, source: "member" },
      { topic: "news", granted: 1, source: "sms-start" },
    ];
    expect(await consentOf(8)).toEqual(started);
    expect((await stop()).status).toBe(204);
    expect(await consentOf(8)).toEqual(started);
    expect((await suppressions()).map(({ address }) => address)).not.toContain(phone(8));
  });

  test("I13 is believed only with its signature over this address and form", async () => {
    expect((await twilio({ MessageSid: "SM5", From: phone(9), Body: "STOP" }, "", "another token")).status).toBe(401);
    const query = `?ref=${run}:9`;
    const params = new URLSearchParams({ MessageSid: "SM6", MessageStatus: "delivered" });
    const signature = twilioSignature("twilio token", `${publicUrl}/webhooks/twilio`, params);
    const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature };
    expect((await post(`twilio${query}`, params.toString(), headers)).status).toBe(401);
    expect(await consentOf(9)).toEqual([{ topic: "*", granted: 1, source: "test" }]);
  });
});

test("a provider not set up is 404, a long body 413, anything but a POST 405; nothing personal is logged", async () => {
  expect((await post("mailgun", "{}", {})).status).toBe(404);
  expect((await post("", "{}", {})).status).toBe(404);
  expect((await post("resend", "x".repeat(300_000), {})).status).toBe(413);
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
  expect((await fetch(`${shop.app.url}/webhooks/resend`, { method: "POST", body: endless })).status).toBe(413);
  expect((await fetch(`${shop.app.url}/webhooks/resend`)).status).toBe(405);
  const log = logged.join("\n");
  expect(log).toContain('"result":"forged"');
  expect(log).not.toMatch(/@shop\.test|\+4915/i);
});
