import { expect, test } from "bun:test";
import { conformance, json, type Own, own } from "./support.ts";

conformance();

interface Endpoint {
  readonly url: string;
  readonly name?: string;
}

/** A URL group of the test's own. */
async function groupOf({ client, name, after }: Own, endpoints: Endpoint[]) {
  after(() => client.urlGroups.delete(name));
  await client.urlGroups.addEndpoints({ name, endpoints });
  return {
    endpoints: async () => (await client.urlGroups.get(name)).endpoints,
    add: (more: Endpoint[]) => client.urlGroups.addEndpoints({ name, endpoints: more }),
    remove: (less: ({ url: string } | { name: string })[]) =>
      client.urlGroups.removeEndpoints({ name, endpoints: less }),
  };
}

test("a URL group is made with its endpoints, shown, listed and deleted", async () => {
  const mine = own();
  const { client, name, call } = mine;
  const endpoints = [{ name: "first", url: "https://shop.test/1" }, { url: "https://shop.test/2" }];
  await groupOf(mine, endpoints);
  const group = await client.urlGroups.get(name);
  expect(group.name).toBe(name);
  expect([typeof group.createdAt, group.updatedAt >= group.createdAt]).toEqual(["number", true]);
  expect(group.endpoints.length).toBe(2);
  for (const endpoint of endpoints) expect(group.endpoints).toContainEqual(endpoint);
  expect((await client.urlGroups.list()).find((each) => each.name === name)?.endpoints.length).toBe(2);
  await client.urlGroups.delete(name);
  expect((await call("GET", `/v2/topics/${name}`)).status).toBe(404);
  await client.urlGroups.delete(name); // nothing is left to do
});

test("an endpoint added again gets its new name; others are added to those that are there", async () => {
  const mine = own();
  const group = await groupOf(mine, [{ name: "first", url: "https://shop.test/1" }]);
  await group.add([{ name: "second", url: "https://shop.test/2" }]);
  await group.add([{ name: "better", url: "https://shop.test/1" }]);
  const endpoints = await group.endpoints();
  expect(endpoints.length).toBe(2);
  expect(endpoints).toContainEqual({ name: "better", url: "https://shop.test/1" });
});

test("endpoints are removed by address or by name, and the group is gone with the last of them", async () => {
  const mine = own();
  const urls = [1, 2, 3].map((n) => `https://shop.test/${n}`);
  const group = await groupOf(
    mine,
    urls.map((url, n) => ({ url, name: `n${n}` })),
  );
  await group.remove([{ url: urls[0]! }]);
  await group.remove([{ name: "n1" }]);
  expect(await group.endpoints()).toEqual([{ url: urls[2]!, name: "n2" }]);
  await group.remove([{ url: urls[2]! }]);
  expect((await mine.call("GET", `/v2/topics/${mine.name}`)).status).toBe(404);
});

test("what is published to a group goes to each of its endpoints, as a message of its own", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  await groupOf(mine, [{ url: `${shop.url}/a`, name: "first" }, { url: `${shop.url}/b` }]);
  const answers = await client.publishJSON({ urlGroup: name, label: name, body: { n: 1 }, headers: { "X-Shop": "a" } });
  expect(answers.map(({ url }) => url).sort()).toEqual([`${shop.url}/a`, `${shop.url}/b`]);
  await shop.got(2);
  for (const { url, messageId } of answers) {
    const delivery = shop.deliveries.find((one) => one.url === url);
    expect([delivery?.body, delivery?.headers.get("x-shop")]).toEqual(['{"n":1}', "a"]);
    expect(delivery?.headers.get("upstash-message-id")).toBe(messageId);
    expect(delivery?.headers.get("upstash-topic-name")).toBe(name);
  }
});

test("one endpoint's failure concerns no other", async () => {
  const mine = own(({ path }) => new Response("", { status: path === "/bad" ? 500 : 200 }));
  const { client, name, shop } = mine;
  await groupOf(mine, [{ url: `${shop.url}/bad` }, { url: `${shop.url}/good` }]);
  await client.publish({ urlGroup: name, label: name, retries: 1, retryDelay: "10" });
  await shop.got(2, "/bad");
  expect(shop.to("/good").length).toBe(1);
});

test("a message to a group names it and the endpoint wherever it is shown", async () => {
  const mine = own(() => new Response("no", { status: 500 }));
  const { client, name, shop } = mine;
  await groupOf(mine, [{ url: shop.url, name: "first" }]);
  const [sent] = await client.publish({ urlGroup: name, label: name, retries: 1 });
  await shop.got(1);
  const told = { urlGroup: name, topicName: name, endpointName: "first" };
  expect(await client.messages.get(sent!.messageId)).toMatchObject(told);
  const { logs } = await client.logs({ filter: { urlGroup: name } });
  expect(logs[0]).toMatchObject({ ...told, messageId: sent!.messageId });
});

test("messages under way outlive their group, to which nothing can be sent any more", async () => {
  const mine = own();
  const { client, call, name, shop } = mine;
  await groupOf(mine, [{ url: shop.url }]);
  const [sent] = await client.publish({ urlGroup: name, label: name, delay: "1h" });
  await client.urlGroups.delete(name);
  expect((await client.messages.get(sent!.messageId)).url).toBe(shop.url);
  const answer = await call("POST", `/v2/publish/${name}`, { body: "x" });
  expect(answer.status).toBe(404);
  expect((await json(answer)).error).toBeString();
});

test("headers set for a group configure whatever is published to it, unless that brings its own", async () => {
  const mine = own();
  const { client, call, name, shop } = mine;
  await groupOf(mine, [{ url: `${shop.url}/hook` }]);
  const headers = {
    "Upstash-Header-Forward": ["true"],
    "Upstash-Retries": "7",
    "Upstash-Label": name,
    "Upstash-Delay": "1h",
  };
  const answer = await call("PATCH", `/v2/topics/${name}`, { body: JSON.stringify({ headers }) });
  expect(answer.ok).toBe(true);
  const sent = await json<{ messageId: string }[]>(
    await call("POST", `/v2/publish/${name}`, { body: "x", headers: { "X-Hook": "7" } }),
  );
  const message = await client.messages.get(sent[0]!.messageId);
  expect(message).toMatchObject({ maxRetries: 7, label: name, header: { "X-Hook": ["7"] } });
  const [other] = await client.publish({ urlGroup: name, retries: 1 });
  expect((await client.messages.get(other!.messageId)).maxRetries).toBe(1);
});

test("a group's name has letters, digits, hyphens, periods, underscores; its endpoints are addresses", async () => {
  const { call, name } = own();
  const add = (group: string, body: unknown) =>
    call("POST", `/v2/topics/${group}/endpoints`, { body: JSON.stringify(body) });
  const endpoints = [{ url: "https://shop.test/1" }];
  expect((await add("a%20b", { endpoints })).status).toBe(400);
  for (const body of [{}, { endpoints: "x" }, { endpoints: [{}] }, { endpoints: [{ url: "shop.test" }] }]) {
    const answer = await add(name, body);
    expect([body, answer.status]).toEqual([body, 400]);
    expect((await json(answer)).error).toBeString();
  }
  expect((await call("GET", `/v2/topics/${name}`)).status).toBe(404);
});

test("what is null counts as left out: an endpoint's name, a group's headers, the settings of a queue", async () => {
  const mine = own();
  const { call, client, name, shop, after } = mine;
  await groupOf(mine, [{ url: `${shop.url}/a` }]);
  const send = (method: string, path: string, body: unknown) => call(method, path, { body: JSON.stringify(body) });
  const endpoints = [{ url: `${shop.url}/b`, name: null }];
  expect((await send("POST", `/v2/topics/${name}/endpoints`, { endpoints })).status).toBe(200);
  const headers = { "Upstash-Retries": null, "Upstash-Label": name };
  expect((await send("PATCH", `/v2/topics/${name}`, { headers })).status).toBe(200);
  const gone = [{ url: `${shop.url}/a`, name: null }];
  expect((await send("DELETE", `/v2/topics/${name}/endpoints`, { endpoints: gone })).status).toBe(200);
  expect((await client.urlGroups.get(name)).endpoints.map(({ url }) => url)).toEqual([`${shop.url}/b`]);
  after(() => client.queue({ queueName: name }).delete());
  const queue = { queueName: name, parallelism: null, paused: null };
  expect((await send("POST", "/v2/queues", queue)).status).toBe(200);
  expect(await client.queue({ queueName: name }).get()).toMatchObject({ parallelism: 1, paused: false });
});
