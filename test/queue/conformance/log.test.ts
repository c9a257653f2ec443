import { expect, test } from "bun:test";
import type { Log } from "@upstash/qstash";
import { soon } from "./place.ts";
import { conformance, eventually, json, now, type Own, own } from "./support.ts";

conformance();

/** An entry with what the SDK's type leaves out. */
type Entry = Log & Readonly<Record<string, unknown>>;

/** The entries about a message, oldest first, once there is one of the state. */
async function history({ client }: Own, messageId: string, until: string): Promise<Entry[]> {
  const found = await eventually(async () => {
    const { logs } = await client.logs({ messageIds: [messageId] });
    return logs.some(({ state }) => state === until) && (logs as Entry[]);
  }, `the log to tell ${until}`);
  return found.toReversed();
}

const states = (entries: readonly Entry[]) => entries.map(({ state }) => state);

test("the log tells of a message from creation to delivery, newest first, each time with all about it", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const { messageId } = await client.publishJSON({
    url: `${shop.url}/job`,
    label: [name, `${name}-b`],
    method: "PUT",
    body: { n: 1 },
    headers: { "X-Shop": "a" },
    retries: 2,
    retryDelay: "1000",
    timeout: 30,
    callback: `${shop.url}/called`,
    failureCallback: `${shop.url}/failed`,
    flowControl: { key: name, parallelism: 1 },
  });
  const entries = await history(mine, messageId, "DELIVERED");
  expect(states(entries)).toEqual(["CREATED", "ACTIVE", "DELIVERED"]);
  for (const entry of entries) {
    expect(entry).toMatchObject({
      messageId,
      url: `${shop.url}/job`,
      method: "PUT",
      label: name,
      labels: [name, `${name}-b`],
      header: { "Content-Type": ["application/json"], "X-Shop": ["a"] },
      body: Buffer.from('{"n":1}').toString("base64"),
      maxRetries: 2,
      timeout: 30_000,
      callback: `${shop.url}/called`,
      failureCallback: `${shop.url}/failed`,
      flowControlKey: name,
    });
    expect(Math.abs(entry.time - now())).toBeLessThan(300_000);
  }
});

test("a failed try is told with the answer, and with the time of the next", async () => {
  const mine = own(
    (_, nth) => new Response("broken", { status: nth === 1 ? 503 : 200, headers: { "X-Reason": "tired" } }),
  );
  const { client, name, shop } = mine;
  const { messageId } = await client.publish({ url: shop.url, label: name, retryDelay: soon });
  const entries = await history(mine, messageId, "DELIVERED");
  expect(states(entries)).toEqual(["CREATED", "ACTIVE", "ERROR", "RETRY", "ACTIVE", "DELIVERED"]);
  const [failure, retry] = [entries[2]!, entries[3]!];
  expect(failure).toMatchObject({ responseStatus: 503, responseBody: Buffer.from("broken").toString("base64") });
  expect(failure.responseHeaders).toMatchObject({ "X-Reason": ["tired"] });
  expect(retry.nextDeliveryTime! - retry.time).toBeLessThanOrEqual(Number(soon) + 1_000);
  expect([entries[5]!.responseStatus, entries[5]!.nextDeliveryTime]).toEqual([undefined, undefined]);
});

test("a message that is given up is told as FAILED", async () => {
  const mine = own(() => new Response("broken", { status: 500 }));
  const { client, name, shop } = mine;
  const { messageId } = await client.publish({ url: shop.url, label: name, retries: 0 });
  expect(states(await history(mine, messageId, "FAILED"))).toEqual(["CREATED", "ACTIVE", "ERROR", "FAILED"]);
});

test("entries are found by each of their filters", async () => {
  const mine = own(({ path }) => new Response("", { status: path === "/a" ? 500 : 200 }));
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  after(() => client.queue({ queueName: name }).delete());
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/c` }] });
  const [a, b] = (await client.batch([
    { url: `${shop.url}/a`, label: [name, `${name}-a`], queueName: name },
    { url: `${shop.url}/b?q=1`, label: name, flowControl: { key: name, parallelism: 1 } },
  ])) as { messageId: string }[];
  const [c] = await client.publish({ urlGroup: name, label: name });
  const letters = { [a!.messageId]: "a", [b!.messageId]: "b", [c!.messageId]: "c" };
  const find = async (filter: object) => {
    const { logs } = await client.logs({ filter: { label: name, ...filter } });
    return [...new Set(logs.map(({ messageId }) => letters[messageId] ?? "?"))].sort().join("");
  };
  await history(mine, a!.messageId, "RETRY");
  for (const one of [b, c]) await history(mine, one!.messageId, "DELIVERED");
  const { host, pathname } = new URL(shop.url);
  const { callerIP = "" } = (await client.messages.get(a!.messageId)) as { callerIP?: string };
  const filters: [filter: object, found: string][] = [
    [{}, "abc"],
    [{ messageId: b!.messageId }, "b"],
    [{ url: `${shop.url}/a` }, "a"],
    [{ url: [`${shop.url}/a`, `${shop.url}/c`] }, "ac"],
    [{ label: [`${name}-a`, "other"] }, "a"],
    [{ urlGroup: name }, "c"],
    [{ queueName: name }, "a"],
    [{ flowControlKey: [name, "other"] }, "b"],
    [{ scheduleId: "none" }, ""],
    [{ callerIp: callerIP }, "abc"],
    [{ callerIp: "203.0.113.7" }, ""],
    [{ host }, "abc"],
    [{ host: "shop.test" }, ""],
    [{ path: [`${pathname}/a`, `${pathname}/b`] }, "ab"],
    [{ fromDate: now() - 600_000, toDate: new Date(now() + 60_000) }, "abc"],
    [{ fromDate: now() + 60_000 }, ""],
    [{ toDate: now() - 600_000 }, ""],
    [{ state: "DELIVERED" }, "bc"],
    [{ state: "RETRY" }, "a"],
    [{ state: "ERROR" }, "a"],
    [{ state: "FAILED" }, ""],
    [{ state: "CREATED", urlGroup: name }, "c"],
    [{ state: "ERROR", urlGroup: name }, ""],
  ];
  for (const [filter, found] of filters) expect([filter, await find(filter)]).toEqual([filter, found]);
});

test("IN_PROGRESS stands for ACTIVE, RETRY and ERROR", async () => {
  const mine = own(() => new Response("", { status: 500 }));
  const { client, name, shop } = mine;
  const { messageId } = await client.publish({ url: shop.url, label: name, retries: 1 });
  await history(mine, messageId, "RETRY");
  const { logs } = await client.logs({ filter: { messageId, state: "IN_PROGRESS" } });
  expect([...new Set(logs.map(({ state }) => state))].sort()).toEqual(["ACTIVE", "ERROR", "RETRY"]);
});

test("the log of several messages is asked for by their ids", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const sent = (await client.batch(Array(3).fill({ url: shop.url, label: name }))) as { messageId: string }[];
  for (const { messageId } of sent) await history(mine, messageId, "DELIVERED");
  const messageIds = sent.slice(1).map(({ messageId }) => messageId);
  const { logs, events } = await client.logs({ messageIds });
  expect(new Set(logs.map(({ messageId }) => messageId))).toEqual(new Set(messageIds));
  expect(events).toEqual(logs);
});

test("the log is read a page at a time, each entry once; the last page has no cursor", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const sent = (await client.batch(Array(3).fill({ url: shop.url, label: name }))) as { messageId: string }[];
  for (const { messageId } of sent) await history(mine, messageId, "DELIVERED");
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 6; pages++) {
    const page = await client.logs({ count: 2, filter: { label: name }, ...(cursor && { cursor }) });
    expect(page.logs.length).toBeLessThanOrEqual(2);
    seen.push(...page.logs.map(({ messageId, state }) => `${messageId} ${state}`));
    cursor = page.cursor;
    if (!cursor) break;
  }
  expect(cursor || undefined).toBeUndefined();
  const all = sent.flatMap(({ messageId }) =>
    ["CREATED", "ACTIVE", "DELIVERED"].map((state) => `${messageId} ${state}`),
  );
  expect(seen.sort()).toEqual(all.sort());
});

test("the HTTP API has the log under its own name", async () => {
  const mine = own();
  const { client, call, name, shop } = mine;
  const { messageId } = await client.publish({ url: shop.url, label: name });
  await history(mine, messageId, "DELIVERED");
  const { logs } = await json<{ logs: Entry[] }>(await call("GET", `/v2/logs?messageId=${messageId}&count=10`));
  expect(states(logs).sort()).toEqual(["ACTIVE", "CREATED", "DELIVERED"]);
});

test("a filter or a state that is not known is refused", async () => {
  const { call } = own();
  for (const query of ["labeel=x", "state=DONE", "fromDate=yesterday"]) {
    const answer = await call("GET", `/v2/logs?${query}`);
    expect([query, answer.status, typeof (await json(answer)).error]).toEqual([query, 400, "string"]);
  }
});
