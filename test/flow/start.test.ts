import { afterAll, expect, test } from "bun:test";
import { closeShops, openShop } from "../support/shop.ts";

afterAll(closeShops);

test("Fanfare starts while its queue is away, and what is launched waits in the outbox", async () => {
  const away = {
    QSTASH_URL: "http://127.0.0.1:9",
    QSTASH_TOKEN: "t",
    QSTASH_CURRENT_SIGNING_KEY: "a",
    QSTASH_NEXT_SIGNING_KEY: "b",
  };
  const shop = await openShop({ env: away });
  expect((await fetch(`${shop.app.url}/livez`)).status).toBe(200);
  const ready = await fetch(`${shop.app.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([
    503,
    { ready: false, database: true, queue: false, reasons: ["the queue does not answer"] },
  ]);
  await shop.members(10);
  const run = await shop.launched({ channels: ["IN_APP"] });
  expect(await shop.state(run)).toBe("PENDING");
  expect(await shop.messages()).toEqual({ "campaign-start": 1 });
});

test("no message of a run names a member: N members cost N/1000 messages, planning included", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "1000" } });
  await shop.members(12_345);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "COMPLETED");
  const messages = Object.entries(await shop.messages()).filter(([name]) => name !== "sweep" && name !== "events");
  expect(messages.reduce((sum, [, n]) => sum + n, 0)).toBe(13);
});
