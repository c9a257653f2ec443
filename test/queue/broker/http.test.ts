import { afterEach, expect, test } from "bun:test";
import { broker, destination, keys, stopAll } from "./support.ts";

afterEach(stopAll);

const nowhere = "http://127.0.0.1:1/";

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
  for (const destination of [
    "shop.test/a",
    "ftp://shop.test",
    "http://",
    "http:///shop.test",
    "http://?a",
    "no group",
    "",
  ]) {
    const answer = await call("POST", `/v2/publish/${destination}`, { body: "{}" });
    expect([destination, answer.status]).toEqual([destination, 400]);
  }
  expect(backlog()).toBe(0);
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

test("a GET is delivered without a body, and its signature is that of no body", async () => {
  const shop = destination();
  const { client } = await broker();
  await client.publish({ url: shop.url, method: "GET", body: "ignored" });
  expect(await shop.first()).toMatchObject({ method: "GET", body: "" });
});

test("what is between two neighbours on the way is not passed on; whatever else is forwarded, arrives", async () => {
  const shop = destination();
  const { call } = await broker();
  const between = ["expect", "http2-settings", "proxy-connection", "te", "trailer", "upgrade", "keep-alive"];
  const headers = Object.fromEntries([...between, "x-own"].map((name) => [`Upstash-Forward-${name}`, "100-continue"]));
  await call("POST", `/v2/publish/${shop.url}`, { headers, body: "hello" });
  const { headers: got, body } = await shop.first();
  expect([...between, "x-own"].filter((name) => got.has(name))).toEqual(["x-own"]);
  expect(body).toBe("hello");
});
