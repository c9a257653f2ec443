import { expect, test } from "bun:test";
import { nowhere } from "./place.ts";
import { awhile, conformance, eventually, json, now, type Own, onOurs, own } from "./support.ts";

conformance();

const ids = (answers: readonly { messageId: string }[]) => answers.map(({ messageId }) => messageId);

/** Which of the messages wait still, in their order: a letter each. */
async function left({ call }: Own, messageIds: readonly string[]): Promise<string> {
  const there = messageIds.map(async (id) => (await call("GET", `/v2/messages/${id}`)).ok);
  return (await Promise.all(there)).map((is, n) => (is ? "abcdef"[n] : "")).join("");
}

test("a cancelled message is gone, and its log tells of the request and of the end", async () => {
  const { client, call, name, shop } = own();
  const { messageId } = await client.publish({ url: shop.url, label: name, delay: "1h" });
  expect(await client.messages.cancel(messageId)).toEqual({ cancelled: 1 });
  const answer = await call("GET", `/v2/messages/${messageId}`);
  expect([answer.status, typeof (await json(answer)).error]).toEqual([404, "string"]);
  const states = await eventually(async () => {
    const { logs } = await client.logs({ messageIds: [messageId] });
    const found = logs.map(({ state }) => String(state)).sort();
    return found.length >= 3 && found;
  });
  expect(states.map((state) => state.replace("CANCELED", "CANCELLED"))).toEqual([
    "CANCELLED",
    "CANCEL_REQUESTED",
    "CREATED",
  ]);
});

test("a message that is unknown, delivered or cancelled already cannot be cancelled: 404", async () => {
  const { client, call, name, shop } = own();
  const { messageId } = await client.publish({ url: shop.url, label: name });
  await shop.got(1);
  await eventually(async () => (await call("GET", `/v2/messages/${messageId}`)).status === 404);
  for (const id of [messageId, "msg_unknown"]) expect((await call("DELETE", `/v2/messages/${id}`)).status).toBe(404);
});

test("messages are cancelled by their ids, and those that are none are not counted", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const later = { url: shop.url, label: name, delay: "1h" } as const;
  const sent = ids((await client.batch([later, later, later, later])) as { messageId: string }[]);
  expect(await client.messages.cancel([sent[0]!, sent[1]!, "msg_unknown"])).toEqual({ cancelled: 2 });
  expect(await client.messages.deleteMany([sent[2]!])).toBe(1);
  expect(await left(mine, sent)).toBe("d");
});

test("cancelling a delivery under way ends its tries and its callbacks", async () => {
  let answer = () => {};
  const { client, name, shop } = own(async () => {
    await new Promise<void>((resolve) => (answer = resolve));
    return new Response("", { status: 500 });
  });
  const urls = { url: `${shop.url}/job`, callback: `${shop.url}/called`, failureCallback: `${shop.url}/failed` };
  const { messageId } = await client.publish({ ...urls, label: name, retryDelay: "10" });
  await shop.got(1);
  await client.messages.cancel(messageId);
  answer();
  await awhile();
  expect(shop.deliveries.length).toBe(1);
  expect((await client.dlq.listMessages({ filter: { messageId } })).messages).toEqual([]);
});

/** Publishes three messages for later; filters are to find the first two. */
async function three(mine: Own, what: (which: "a" | "b" | "c") => object) {
  const { client, name, shop } = mine;
  const of = (which: "a" | "b" | "c") => ({
    url: `${shop.url}/${which}`,
    label: name,
    delay: "1h" as const,
    ...what(which),
  });
  return ids((await client.batch([of("a"), of("b"), of("c")])) as { messageId: string }[]);
}

test("messages are cancelled by label: any of several, on messages with several", async () => {
  const mine = own();
  const { client, name } = mine;
  const labels = { a: [name, `${name}-1`], b: [`${name}-2`, name], c: [name, `${name}-12`] };
  const sent = await three(mine, (which) => ({ label: labels[which] }));
  expect(await client.messages.cancel({ filter: { label: [`${name}-1`, `${name}-2`] } })).toEqual({ cancelled: 2 });
  expect(await left(mine, sent)).toBe("c");
});

test("messages are cancelled by address, host and path", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const { host, pathname } = new URL(shop.url);
  const urls = { a: `${shop.url}/a?b=1,2`, b: `${nowhere}/${name}/b`, c: `${shop.url}/c` };
  const publish = () => three(mine, (which) => ({ url: urls[which] }));
  let sent = await publish();
  expect(await client.messages.cancel({ filter: { url: [urls.a, urls.b], label: name } })).toEqual({ cancelled: 2 });
  expect(await left(mine, sent)).toBe("c");
  sent = await publish();
  await client.messages.cancel({ filter: { host, label: name } });
  expect(await left(mine, sent)).toBe("b");
  sent = await publish();
  await client.messages.cancel({ filter: { path: [`${pathname}/a`, `/${name}/b`] } });
  expect(await left(mine, sent)).toBe("c");
});

test("messages are cancelled by flow control key", async () => {
  const mine = own();
  const flows = { a: `${mine.name}-1`, b: `${mine.name}-2`, c: `${mine.name}-3` };
  const sent = await three(mine, (which) => ({ flowControl: { key: flows[which], parallelism: 1 } }));
  expect(await mine.client.messages.cancel({ filter: { flowControlKey: [flows.a, flows.b] } })).toEqual({
    cancelled: 2,
  });
  expect(await left(mine, sent)).toBe("c");
});

test("messages are cancelled by queue and by URL group", async () => {
  const mine = own();
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  after(() => client.queue({ queueName: name }).delete());
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: shop.url }] });
  const sent = await three(mine, (which) => (which === "a" ? { queueName: name } : {}));
  const [grouped] = await client.publish({ urlGroup: name, label: name, delay: "1h" });
  sent.push(grouped!.messageId);
  expect(await client.messages.cancel({ filter: { queueName: name } })).toEqual({ cancelled: 1 });
  expect(await left(mine, sent)).toBe("bcd");
  expect(await client.messages.cancel({ filter: { urlGroup: [name, `${name}-other`] } })).toEqual({ cancelled: 1 });
  expect(await left(mine, sent)).toBe("bc");
});

test("messages are cancelled by the address that published them, and by the time when", async () => {
  const mine = own();
  const { client, call, name } = mine;
  const sent = await three(mine, () => ({}));
  const shown = await json<{ callerIP: string; createdAt: number }>(await call("GET", `/v2/messages/${sent[0]}`));
  const cancel = (filter: object) => client.messages.cancel({ filter: { label: name, ...filter } as never });
  expect(await cancel({ callerIp: "203.0.113.7" })).toEqual({ cancelled: 0 });
  expect(await cancel({ fromDate: now() + 60_000 })).toEqual({ cancelled: 0 });
  expect(await cancel({ toDate: new Date(shown.createdAt - 60_000) })).toEqual({ cancelled: 0 });
  const [fromDate, toDate] = [shown.createdAt - 60_000, now() + 60_000];
  expect(await cancel({ callerIp: shown.callerIP, fromDate, toDate })).toEqual({ cancelled: 3 });
});

test("several filters must all hold; several values of one come repeated or with commas between them", async () => {
  const mine = own();
  const { client, call, name, shop } = mine;
  const sent = await three(mine, (which) => ({ label: [name, `${name}-${which}`] }));
  const filter = { label: [`${name}-a`, `${name}-b`], url: `${shop.url}/b` };
  expect(await client.messages.cancel({ filter })).toEqual({ cancelled: 1 });
  expect(await left(mine, sent)).toBe("ac");
  const query = `label=${name}-a,${name}-c&url=${shop.url}/a,${shop.url}/b&url=${shop.url}/c`;
  expect(await json(await call("DELETE", `/v2/messages?${query}`))).toEqual({ cancelled: 2 });
});

test("ids come in the query with commas, too, and then no other filter matters", async () => {
  const mine = own();
  const sent = await three(mine, () => ({}));
  const answer = await mine.call("DELETE", `/v2/messages?messageIds=${sent[0]},${sent[2]}&label=another`);
  expect(await json(answer)).toEqual({ cancelled: 2 });
  expect(await left(mine, sent)).toBe("b");
});

test("a filter that is not known is refused, never ignored", async () => {
  const mine = own();
  const sent = await three(mine, () => ({}));
  const answer = await mine.call("DELETE", `/v2/messages?labeel=${mine.name}`);
  expect([answer.status, typeof (await json(answer)).error]).toEqual([400, "string"]);
  expect(await left(mine, sent)).toBe("abc");
});

onOurs("all messages are cancelled at once, whatever their number", async () => {
  const mine = own();
  const { client, call, name } = mine;
  const publish = () =>
    client.batch(Array.from({ length: 150 }, () => ({ url: nowhere, label: name, delay: "1h" as const })));
  await publish();
  expect(await client.messages.cancel({ all: true })).toEqual({ cancelled: 150 });
  await publish();
  expect(await json(await call("DELETE", "/v2/messages"))).toEqual({ cancelled: 150 });
});

onOurs("older clients name messages in a body of JSON; an empty list there is not all of them", async () => {
  const mine = own();
  const sent = await three(mine, () => ({}));
  const cancel = (messageIds: string[]) =>
    mine.call("DELETE", "/v2/messages", { body: JSON.stringify({ messageIds }) });
  expect((await cancel([])).status).toBe(400);
  expect(await json(await cancel([sent[1]!]))).toEqual({ cancelled: 1 });
  expect(await left(mine, sent)).toBe("ac");
});

onOurs("a filter that is null is none, and a body whose filters are all null does not mean everything", async () => {
  const mine = own();
  const sent = await three(mine, (which) => ({ label: [mine.name, `${mine.name}-${which}`] }));
  const cancel = (filter: object) => mine.call("DELETE", "/v2/messages", { body: JSON.stringify(filter) });
  expect((await cancel({ messageIds: null, label: null })).status).toBe(400);
  expect(await json(await cancel({ messageIds: null, label: `${mine.name}-b` }))).toEqual({ cancelled: 1 });
  expect(await left(mine, sent)).toBe("ac");
  expect((await mine.call("DELETE", "/v2/dlq", { body: JSON.stringify({ dlqIds: null }) })).status).toBe(400);
});
