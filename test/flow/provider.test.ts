import { afterAll, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { sql } from "drizzle-orm";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

test("refused recipients are FAILED alone, the others are SENT", async () => {
  const shop = await openShop();
  await shop.members(600);
  shop.ctx.sandbox.setFaults("EMAIL", { fail: 0.2 });
  shop.ctx.sandbox.setFaults("SMS", { fail: 0.2 });
  const run = await shop.launched({ channels: ["EMAIL", "SMS"] });
  await shop.endsSoon(run);
  const ledger = await shop.ledger(run);
  for (const channel of ["EMAIL", "SMS"]) {
    const failed = ledger[`${channel} FAILED THE_SANDBOX_WAS_TOLD_TO_FAIL`] ?? 0;
    expect(failed).toBeGreaterThan(60);
    expect(failed + (ledger[`${channel} SENT`] ?? 0)).toBe(600);
  }
  expect(await shop.faults(run)).toEqual([]);
});

test("a provider that is busy is asked again, and everyone is reached once", async () => {
  const shop = await openShop();
  await shop.members(600);
  shop.ctx.sandbox.setFaults("EMAIL", { busy: 0.4 });
  shop.ctx.sandbox.setFaults("SMS", { busy: 0.2 });
  const run = await shop.launched({ channels: ["EMAIL", "SMS"] });
  await shop.endsSoon(run);
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 600, "SMS SENT": 600 });
  expect(await shop.faults(run)).toEqual([]);
});

test("a push batch turned away before anyone was asked is asked again, and everyone is reached once", async () => {
  const reached: string[] = [];
  let tokens = 0;
  const google = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/token": () =>
        tokens++ === 0
          ? new Response("", { status: 503, headers: { "retry-after": "1" } })
          : Response.json({ access_token: "t", expires_in: 3_600 }),
      "/v1/projects/p/messages:send": async (request) => {
        const { message } = (await request.json()) as { message: { token: string } };
        reached.push(message.token);
        return Response.json({ name: `projects/p/messages/${reached.length}` });
      },
    },
  });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const account = {
    project_id: "p",
    client_email: "a@p.test",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    token_uri: `${google.url}token`,
  };
  const shop = await openShop({
    env: { FCM_SERVICE_ACCOUNT: JSON.stringify(account), FCM_BASE_URL: google.url.origin },
  });
  await shop.members(30);
  const run = await shop.launched({ channels: ["PUSH"] });
  await shop.endsSoon(run).finally(() => google.stop(true));
  expect(await shop.ledger(run)).toEqual({ "PUSH SENT": 30 });
  expect(new Set(reached).size).toBe(30);
  expect(reached).toHaveLength(30);
});

test("I7 an e-mail batch lost, or answered too late, is sent again under its key and delivered once", async () => {
  const shop = await openShop();
  await shop.members(800);
  shop.ctx.sandbox.setFaults("EMAIL", { drop: 0.4, late: 0.5 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await deferred(shop)) >= 3, undefined, "batches to be put off");
  shop.ctx.sandbox.setFaults("EMAIL", {});
  await shop.endsSoon(run);
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 800 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I7 a text message that is lost, or answered too late, is UNKNOWN and never sent again", async () => {
  const shop = await openShop();
  await shop.members(80);
  shop.ctx.sandbox.setFaults("SMS", { drop: 0.15, late: 0.15 });
  const run = await shop.launched({ channels: ["SMS"] });
  await shop.endsSoon(run);
  const { "SMS SENT": sent = 0, "SMS UNKNOWN THE_PROVIDER_DID_NOT_ANSWER_IN_TIME": unknown = 0 } =
    await shop.ledger(run);
  expect(sent + unknown).toBe(80);
  expect(unknown).toBeGreaterThan(8);
  expect(await shop.faults(run)).toEqual([]);
});

test("I7 an e-mail batch is not sent again once the provider may have forgotten its key: it is UNKNOWN", async () => {
  const shop = await openShop();
  await shop.members(100);
  shop.ctx.sandbox.setFaults("EMAIL", { drop: 1 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await deferred(shop)) === 1, undefined, "the batch to be put off");
  shop.ctx.sandbox.setFaults("EMAIL", {});
  shop.pass(23 * 3_600_000);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL UNKNOWN LOST_WHILE_SENDING": 100 });
  expect(shop.ctx.sandbox.counts()).toMatchObject({ EMAIL: 0 });
  expect(await shop.faults(run)).toEqual([]);
});

async function deferred(shop: Shop): Promise<number> {
  const row = await shop.ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM batch WHERE state = 'TRIED' AND lease IS NULL AND lease_until > 0`);
  return row?.n ?? 0;
}

test("I7 what was put off while the run was paused waits for resuming, and is then delivered once", async () => {
  const shop = await openShop();
  await shop.members(300);
  shop.ctx.sandbox.setFaults("EMAIL", { late: 1 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await deferred(shop)) >= 3, undefined, "all batches to be put off");
  await shop.pause(run);
  shop.ctx.sandbox.setFaults("EMAIL", {});
  shop.pass(60_000);
  await until(() => shop.idle(), undefined, "what came due to be answered");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENDING": 300 });
  await shop.resume(run);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 300 });
  expect(await shop.faults(run)).toEqual([]);
});

test("a second message for a batch that is put off neither sends it sooner nor parks it", async () => {
  const shop = await openShop({ env: { QUEUE_RETRIES: "1" } });
  await shop.members(300);
  shop.ctx.sandbox.setFaults("EMAIL", { busy: 1 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await deferred(shop)) >= 1, undefined, "a batch to be put off");
  for (let times = 0; times < 6; times++) {
    await shop.pause(run);
    await shop.resume(run);
    shop.pass(1_500);
    await Bun.sleep(50); // what was published arrives, and waits again
  }
  shop.ctx.sandbox.setFaults("EMAIL", {});
  await shop.endsSoon(run);
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 300 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I14 who withdraws consent after the page is written, before the batch is chosen, is not written to", async () => {
  const shop = await openShop({ env: { BATCH_WINDOW: "1" } });
  await shop.members(500);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 150 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.sent(run)) >= 100);
  await shop.ctx.db.write([sql`UPDATE consent SET listed = 0 WHERE channel = 'EMAIL' AND member > 400`]);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 400, "EMAIL SKIPPED NO_CONSENT": 100 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I14 a batch that is called too late after its choice is chosen again, soon", async () => {
  let slow = true;
  const shop = await openShop({
    log: (_level, event) => void (event === "template.failed" && slow && shop.pass(3_000)),
  });
  await shop.members(250, { attributes: `CASE WHEN i = 9 THEN '{"n":1000000000}' ELSE '{"n":1}' END` });
  const text = "{% for x in (1..member.attributes.n) %}{% endfor %}Hi";
  const run = await shop.launched({ channels: ["SMS"], content: { SMS: { default: { text } } } });
  await until(async () => ((await shop.messages())["channel-send"] ?? 0) > 13);
  slow = false;
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "SMS FAILED TEMPLATE_TOO_HEAVY": 1, "SMS SENT": 249 });
  expect(await shop.faults(run)).toEqual([]);
});
