import { expect, test } from "bun:test";
import { awhile, conformance, json, own, pass, slowly } from "./support.ts";

conformance();

test("a second message with the same deduplication id is taken for the first, with 202, not delivered", async () => {
  const { call, client, name, shop } = own();
  const first = await client.publish({ url: shop.url, label: name, deduplicationId: name, body: "a" });
  const headers = { "Upstash-Deduplication-Id": name, "Upstash-Label": name };
  const answer = await call("POST", `/v2/publish/${shop.url}`, { headers, body: "b" });
  expect(answer.status).toBe(202);
  expect(await json(answer)).toMatchObject({ messageId: first.messageId, deduplicated: true });
  const other = await client.publish({ url: shop.url, label: name, deduplicationId: `${name}-2`, body: "c" });
  expect(other).not.toHaveProperty("deduplicated", true);
  await shop.got(2);
  await awhile();
  expect(shop.deliveries.map(({ body }) => body).sort()).toEqual(["a", "c"]);
});

test("a batch is deduplicated, too, against itself and what was before", async () => {
  const { client, name, shop } = own();
  const message = { url: shop.url, label: name, deduplicationId: name };
  const first = await client.publish(message);
  const another = { ...message, deduplicationId: `${name}-2` };
  const answers = (await client.batch([message, another, another])) as { messageId: string }[];
  expect(answers[0]).toMatchObject({ messageId: first.messageId, deduplicated: true });
  expect(answers[1]).not.toHaveProperty("deduplicated", true);
  expect(answers[2]).toMatchObject({ messageId: answers[1]!.messageId, deduplicated: true });
});

test("equal content is the same message when the sender asks for that: destination, body and headers", async () => {
  const { client, name, shop } = own();
  const publish = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const message = { url: `${shop.url}${path}`, label: name, body, headers, contentBasedDeduplication: true };
    const { deduplicated = false } = await client.publish(message);
    return deduplicated;
  };
  const message = ["/", "a", { "X-Shop": "a", "Content-Type": "text/plain" }] as const;
  expect(await publish(...message)).toBe(false);
  expect(await publish(...message)).toBe(true);
  expect(await publish("/other", message[1], message[2])).toBe(false);
  expect(await publish(message[0], "b", message[2])).toBe(false);
  expect(await publish(message[0], message[1], { ...message[2], "X-Shop": "b" })).toBe(false);
  expect(await publish(message[0], message[1], { ...message[2], "Content-Type": "text/html" })).toBe(false);
});

test("equal content is delivered twice where nobody asked for deduplication", async () => {
  const { client, name, shop } = own();
  for (let n = 0; n < 2; n++) await client.publish({ url: shop.url, label: name, body: "a" });
  await shop.got(2);
});

test("a URL group is deduplicated for each of its endpoints", async () => {
  const { client, name, shop, after } = own();
  after(() => client.urlGroups.delete(name));
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/a` }, { url: `${shop.url}/b` }] });
  const message = { urlGroup: name, label: name, deduplicationId: name };
  const ids = (await client.publish(message)).map(({ messageId }) => messageId).sort();
  const again = await client.publish(message);
  expect(again.map(({ messageId }) => messageId).sort()).toEqual(ids);
  expect(again.every(({ deduplicated }) => deduplicated)).toBe(true);
  await shop.got(2);
  await awhile();
  expect(shop.deliveries.length).toBe(2);
});

slowly("after ten minutes the same id is another message", async () => {
  const { client, name, shop } = own();
  const message = { url: shop.url, label: name, deduplicationId: name };
  const { messageId } = await client.publish(message);
  await pass(590_000);
  expect(await client.publish(message)).toMatchObject({ messageId, deduplicated: true });
  await pass(11_000);
  expect((await client.publish(message)).messageId).not.toBe(messageId);
  await shop.got(2);
});
