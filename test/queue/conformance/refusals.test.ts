import { expect, test } from "bun:test";
import { Client } from "@upstash/qstash";
import { nowhere } from "./place.ts";
import { conformance, json, onOurs, own } from "./support.ts";

conformance();

test("without the token, or with another, everything is answered 401", async () => {
  const { server, shop } = own();
  const paths = ["GET /v2/keys", "GET /v2/dlq", "GET /v2/events", "GET /v2/schedules", `POST /v2/publish/${shop.url}`];
  for (const line of paths) {
    const [method, path] = line.split(" ");
    for (const authorization of ["Bearer other", "Basic dXNlcjpwYXNz", ""]) {
      const answer = await fetch(`${server.baseUrl}${path}`, { method: method!, headers: { authorization } });
      expect([line, authorization, answer.status]).toEqual([line, authorization, 401]);
      expect((await json(answer)).error).toBeString();
    }
  }
  const other = new Client({ baseUrl: server.baseUrl, token: "other", retry: false });
  await expect(other.publish({ url: shop.url })).rejects.toThrow();
  expect(shop.deliveries).toEqual([]);
});

test("the token may come in the query, and is no part of where the message goes", async () => {
  const { server, name, shop } = own();
  const path = `/v2/publish/${shop.url}/hook?a=1&qstash_token=${encodeURIComponent(server.token)}&b=2`;
  const answer = await fetch(`${server.baseUrl}${path}`, {
    method: "POST",
    headers: { "Upstash-Label": name },
    body: "x",
  });
  expect(answer.ok).toBe(true);
  expect((await shop.got(1))[0]?.url).toBe(`${shop.url}/hook?a=1&b=2`);
  const wrong = await fetch(`${server.baseUrl}/v2/keys?qstash_token=other`);
  expect(wrong.status).toBe(401);
});

test("every fault of a publish is a 400 that says what is wrong, and nothing is delivered", async () => {
  const { call, shop } = own();
  const faults: Record<string, string>[] = [
    { "Upstash-Delay": "soon" },
    { "Upstash-Delay": "10" },
    { "Upstash-Delay": "-1s" },
    { "Upstash-Not-Before": "tomorrow" },
    { "Upstash-Retries": "-1" },
    { "Upstash-Retries": "many" },
    { "Upstash-Retry-Delay": "process.exit()" },
    { "Upstash-Retry-Delay": "1000 * (" },
    { "Upstash-Method": "BREW" },
    { "Upstash-Timeout": "a while" },
    { "Upstash-Callback": "not a url" },
    { "Upstash-Cron": "never" },
    { "Upstash-Content-Based-Deduplication": "perhaps" },
  ];
  for (const headers of faults) {
    const answer = await call("POST", `/v2/publish/${shop.url}`, { headers, body: "{}" });
    expect([headers, answer.status, typeof (await json(answer)).error]).toEqual([headers, 400, "string"]);
  }
  for (const destination of ["shop.test/a", "ftp://shop.test", "http://", "no group"]) {
    const answer = await call("POST", `/v2/publish/${destination}`, { body: "{}" });
    expect([destination, answer.status, typeof (await json(answer)).error]).toEqual([destination, 400, "string"]);
  }
  expect(shop.deliveries).toEqual([]);
});

test("what does not exist is a 404 with a sentence", async () => {
  const { call, name } = own();
  const paths = [
    "GET /v2/messages/msg_unknown",
    "DELETE /v2/messages/msg_unknown",
    "GET /v2/schedules/scd_unknown",
    `GET /v2/queues/${name}`,
    `GET /v2/topics/${name}`,
    `POST /v2/publish/${name}`,
    "GET /v2/dlq/1600000000000-0",
  ];
  for (const line of paths) {
    const [method, path] = line.split(" ");
    const answer = await call(method!, path!);
    expect([line, answer.status, typeof (await json(answer)).error]).toEqual([line, 404, "string"]);
  }
});

onOurs("a message of a megabyte is taken, a larger one is answered 413", async () => {
  const { call, client, name } = own();
  const headers = { "Upstash-Delay": "1h", "Upstash-Label": name };
  const publish = (bytes: number) => call("POST", `/v2/publish/${nowhere}`, { body: new Uint8Array(bytes), headers });
  expect((await publish(1_048_576)).ok).toBe(true);
  expect((await publish(1_048_577)).status).toBe(413);
  const answers = await client.batch([{ url: nowhere, label: name, delay: "1h", body: "x".repeat(1_048_577) }]);
  expect(answers).toMatchObject([{ error: expect.any(String) }]);
});

onOurs("what the broker leaves out is answered 501 with a sentence", async () => {
  const { call } = own();
  const workflow = { "Upstash-Workflow-Init": "true", "Upstash-Workflow-RunId": "wfr_1" };
  const asked: [method: string, path: string, headers?: Record<string, string>][] = [
    ["DELETE", "/v2/workflows/runs/wfr_1"],
    ["POST", "/v2/publish/api/llm"],
    ["POST", "/llm/v1/chat/completions"],
    ["POST", `/v2/publish/${nowhere}`, workflow],
  ];
  for (const [method, path, headers = {}] of asked) {
    const answer = await call(method, path, { headers });
    expect([path, answer.status, typeof (await json(answer)).error]).toEqual([path, 501, "string"]);
  }
});
