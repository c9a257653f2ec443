import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, keys, stopAll } from "./support.ts";

afterEach(stopAll);

const nowhere = "http://127.0.0.1:1/";

test("requests without the token, or with another, are answered 401", async () => {
  const { url, backlog } = await broker();
  for (const authorization of ["", "Bearer other", "Basic dXNlcg=="]) {
    const answer = await fetch(`${url}/v2/publish/${nowhere}`, { method: "POST", headers: { authorization } });
    expect([answer.status, await answer.json()]).toEqual([401, { error: "unauthorized" }]);
  }
  expect(backlog()).toBe(0);
});

test("health asks for no token; the signing keys are told to whoever has it", async () => {
  const { url, call } = await broker();
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/v2/keys`)).status).toBe(401);
  const told = await (await call("GET", "/v2/keys")).json();
  expect(told).toEqual({ current: keys.currentSigningKey, next: keys.nextSigningKey });
});

test("every fault of a publish is a 4xx that names it", async () => {
  const { call, backlog } = await broker();
  const faults: [headers: Record<string, string>, said: string][] = [
    [{ "Upstash-Delay": "soon" }, 'invalid delay "soon"'],
    [{ "Upstash-Delay": "900d" }, 'invalid delay "900d"'],
    [{ "Upstash-Not-Before": "tomorrow" }, "invalid not before"],
    [{ "Upstash-Retries": "-1" }, "invalid retries"],
    [{ "Upstash-Retry-Delay": "process.exit()" }, "invalid retry delay"],
    [{ "Upstash-Method": "BREW" }, "invalid method"],
    [{ "Upstash-Timeout": "1 week" }, "invalid timeout"],
    [{ "Upstash-Callback": "not a url" }, "invalid destination url"],
    [{ "Upstash-Callback": nowhere, "Upstash-Callback-Retries": "many" }, "invalid retries"],
    [{ "Upstash-Flow-Control-Key": "k" }, "invalid flow control value"],
    [{ "Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "parallelism=0" }, "invalid flow control value"],
    [{ "Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "period=1s" }, "at least one of"],
    [{ "Upstash-Flow-Control-Value": "parallelism=1" }, "flow control key is missing"],
    [{ "Upstash-Cron": "never" }, "invalid cron expression"],
  ];
  for (const [headers, said] of faults) {
    const answer = await call("POST", `/v2/publish/${nowhere}`, { headers, body: "{}" });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([
      400,
      expect.stringContaining(said),
    ]);
  }
  for (const destination of ["shop.test/a", "ftp://shop.test", "http://", "no group", ""]) {
    const answer = await call("POST", `/v2/publish/${destination}`, { body: "{}" });
    expect([destination, answer.status]).toEqual([destination, 400]);
  }
  expect(backlog()).toBe(0);
});

test("a message of a megabyte is taken, a larger one is answered 413", async () => {
  const { call, client } = await broker();
  const publish = (bytes: number) =>
    call("POST", `/v2/publish/${nowhere}`, { body: new Uint8Array(bytes), headers: { "Upstash-Delay": "1h" } });
  expect((await publish(1_048_576)).status).toBe(200);
  expect((await publish(1_048_577)).status).toBe(413);
  const answers = await client.batch([{ url: nowhere, delay: "1h", body: "x".repeat(1_048_577) }]);
  expect(answers).toMatchObject([{ status: 413 }]);
});

test("a batch that is not JSON, or no list, is a 400, and so is each of its items that is no message", async () => {
  const { call } = await broker();
  for (const body of ["", "{", "{}", '"x"']) expect((await call("POST", "/v2/batch", { body })).status).toBe(400);
  const items = [null, 7, {}, { destination: nowhere, headers: { "a\nb": "c" } }, { destination: nowhere, body: 7 }];
  const answer = await call("POST", "/v2/batch", { body: JSON.stringify(items) });
  expect(answer.status).toBe(200);
  const told = (await answer.json()) as { error?: string }[];
  expect(told.map(({ error }) => typeof error)).toEqual(items.map(() => "string"));
});

test("what the broker leaves out is answered 501, what does not exist 404, both with a sentence", async () => {
  const { call } = await broker();
  const status = async (method: string, path: string) => {
    const answer = await call(method, path);
    expect(((await answer.json()) as { error: string }).error).toBeString();
    return answer.status;
  };
  expect(await status("DELETE", "/v2/workflows/runs/wfr_1")).toBe(501);
  expect(await status("POST", "/v2/publish/api/llm")).toBe(501);
  expect(await status("POST", "/llm/v1/chat/completions")).toBe(501);
  expect(await status("POST", "/v2/publish/unknown-group")).toBe(404);
  expect(await status("POST", "/v2/enqueue/orders")).toBe(400);
  expect(await status("GET", "/v2/topics/nothing")).toBe(404);
  expect(await status("GET", "/v2/nothing")).toBe(404);
  expect(await status("PUT", "/v2/batch")).toBe(404);
  expect(await status("GET", "/")).toBe(404);
  expect(await status("GET", "/v2/dlq/1-2")).toBe(404);
  expect(await status("GET", "/v2/messages/msg_%ZZ")).toBe(404);
});

test("a message is shown while it waits, and not after it was cancelled", async () => {
  const { client, backlog } = await broker();
  const flowControl = { key: "k", parallelism: 2, rate: 5, period: "1m" } as const;
  const [one, two] = await client.batchJSON([
    { url: nowhere, body: { n: 1 }, delay: "1h", label: "a", flowControl, callback: nowhere, retryDelay: "1000" },
    { url: nowhere, body: "ÿ", delay: "1h" },
  ]);
  const id = (answer: unknown) => (answer as { messageId: string }).messageId;
  expect(await client.messages.get(id(one))).toMatchObject({
    messageId: id(one),
    url: nowhere,
    body: '{"n":1}',
    maxRetries: 3,
    label: "a",
    flowControlKey: "k",
    parallelism: 2,
    rate: 5,
    period: 60,
    callback: nowhere,
    retryDelayExpression: "1000",
  });
  expect(await client.messages.cancel(id(one))).toEqual({ cancelled: 1 });
  expect(client.messages.get(id(one))).rejects.toThrow("not found");
  expect(await client.messages.cancel([id(two), "msg_other"])).toEqual({ cancelled: 1 });
  expect(backlog()).toBe(0);
});

test("messages are cancelled by filter, and all", async () => {
  const { client, backlog } = await broker();
  const later = { delay: "1h" } as const;
  await client.batch([
    { url: `${nowhere}1`, label: "a", ...later },
    { url: `${nowhere}2`, label: "b", ...later },
    { url: `${nowhere}3`, flowControl: { key: "k", parallelism: 1 }, ...later },
    { url: `${nowhere}4`, ...later },
  ]);
  expect(await client.messages.cancel({ filter: { label: ["a", "b"] } })).toEqual({ cancelled: 2 });
  expect(await client.messages.cancel({ filter: { flowControlKey: "k" } })).toEqual({ cancelled: 1 });
  expect(await client.messages.cancel({ all: true })).toEqual({ cancelled: 1 });
  expect(backlog()).toBe(0);
});

test("cancelling a delivery under way ends its tries and its callbacks", async () => {
  let answer = () => {};
  const shop = destination(async ({ path }) => {
    if (path === "/job") await new Promise<void>((resolve) => (answer = resolve));
    return new Response("", { status: 500 });
  });
  const { client, backlog } = await broker();
  const { messageId } = await client.publish({ url: `${shop.url}/job`, failureCallback: `${shop.url}/failed` });
  await until(() => shop.deliveries.length === 1);
  await client.messages.cancel(messageId);
  answer();
  await Bun.sleep(30);
  expect(backlog()).toBe(0);
  expect(shop.deliveries.length).toBe(1);
  expect((await client.dlq.listMessages()).messages).toEqual([]);
});

test("a destination escaped in the path is the same destination", async () => {
  const shop = destination();
  const { call } = await broker();
  await call("POST", `/v2/publish/${encodeURIComponent(`${shop.url}/a?b=1`)}`, { body: "x" });
  expect((await shop.first()).path).toBe("/a?b=1");
});

test("a GET is delivered without a body, and its signature is that of no body", async () => {
  const shop = destination();
  const { client } = await broker();
  await client.publish({ url: shop.url, method: "GET", body: "ignored" });
  expect(await shop.first()).toMatchObject({ method: "GET", body: "" });
});
