import { afterAll, expect, test } from "bun:test";
import { createVerifier } from "../../src/queue/verifier.ts";
import { realWorld } from "../../src/world.ts";
import { closeShops, openShop } from "../support/shop.ts";
import { broker, destination, keys, stopAll, token } from "./broker/support.ts";

afterAll(closeShops);
afterAll(stopAll);

const configured = { current: keys.currentSigningKey, next: keys.nextSigningKey };

test("I13 the queue's keys may be rotated again and again while runs go on", async () => {
  const shop = await openShop();
  const { url, token } = shop.ctx.queue.settings;
  const rotate = () =>
    fetch(`${url}/v2/keys/rotate`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  await shop.members(50);
  for (let round = 0; round < 2; round++) {
    expect((await rotate()).status).toBe(200);
    const run = await shop.launched({ channels: ["IN_APP"] });
    await shop.becomes(run, "COMPLETED");
  }
});

test("I13 a signature by keys that the queue does not have stays refused, and the queue is asked once", async () => {
  let asked = 0;
  const queue = destination(() => {
    asked += 1;
    return Response.json(configured);
  });
  const verifier = createVerifier(configured, { url: queue.url, token }, realWorld);
  const signed = { signature: "e30.e30.e30", body: "", url: "http://127.0.0.1/" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => verifier.holds(signed)));
  expect(answers.includes(true)).toBe(false);
  expect(asked).toBe(1);
});

test("I13 a broker that was restarted after a rotation signs with the rotated keys", async () => {
  const shop = destination();
  const first = await broker();
  const { current } = (await (await first.call("POST", "/v2/keys/rotate")).json()) as { current: string };
  expect(current).toBe(configured.next);
  await first.call("POST", "/v2/keys/rotate");
  await first.stop();
  const again = await broker({ path: first.path });
  await again.client.publish({ url: shop.url });
  const { headers, url, body } = await shop.first();
  const signed = { signature: headers.get("upstash-signature") ?? "", body, url: url.replace(/\/$/, "") };
  expect(await createVerifier(configured, { url: "http://127.0.0.1:1", token }, realWorld).holds(signed)).toBe(false);
  expect(await createVerifier(configured, { url: again.url, token }, realWorld).holds(signed)).toBe(true);
});
