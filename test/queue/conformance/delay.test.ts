import { expect, test } from "bun:test";
import { awhile, conformance, now, own, pass, span } from "./support.ts";

conformance();

const minute = 60_000;

test("a message is not delivered before its delay, and is after it", async () => {
  const { client, name, shop } = own();
  await client.publish({ url: `${shop.url}/later`, label: name, delay: span.text });
  await client.publish({ url: `${shop.url}/now`, label: name });
  await shop.got(1, "/now");
  await awhile();
  expect(shop.to("/later")).toEqual([]);
  await pass(span.ms);
  await shop.got(1, "/later");
});

test("a message is not delivered before the second that Upstash-Not-Before names", async () => {
  const { client, name, shop } = own();
  const notBefore = Math.ceil((now() + span.ms) / 1_000);
  const { messageId } = await client.publish({ url: shop.url, label: name, notBefore });
  expect((await client.messages.get(messageId)).notBefore).toBe(notBefore * 1_000);
  await awhile();
  if (now() < notBefore * 1_000) expect(shop.deliveries).toEqual([]);
  await pass(span.ms + 1_000);
  await shop.got(1);
});

test("Upstash-Not-Before wins over Upstash-Delay", async () => {
  const { client, name, shop } = own();
  const notBefore = Math.floor(now() / 1_000) + 7_200;
  const { messageId } = await client.publish({ url: shop.url, label: name, delay: "1s", notBefore });
  expect((await client.messages.get(messageId)).notBefore).toBe(notBefore * 1_000);
});

test("a delay is a number of seconds to the SDK, and to the queue amounts with their units", async () => {
  const { client, name, shop } = own();
  const waits: [delay: number | string, ms: number][] = [
    [90, 90_000],
    ["50s", 50_000],
    ["3m", 3 * minute],
    ["10h", 600 * minute],
    ["2d", 2_880 * minute],
    ["1d10h30m", 2_070 * minute],
  ];
  for (const [delay, ms] of waits) {
    const { messageId } = await client.publish({ url: shop.url, label: name, delay: delay as "1s" });
    const { notBefore, createdAt } = await client.messages.get(messageId);
    expect([delay, Math.abs(notBefore! - createdAt - ms) < 1_000]).toEqual([delay, true]);
  }
});
