import { afterAll, beforeAll, expect, test } from "bun:test";
import { serveGraphql } from "../../support/graphql.ts";
import { probe, probeSchemas } from "../../support/probe-schema.ts";
import { until } from "../../support/wait.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let token: string;
beforeAll(async () => {
  api = await serveGraphql({ schemas: probeSchemas() });
  token = await api.member("watcher");
});
afterAll(() => api.stop());

/** Opens a stream of events; `text` grows as they come. */
async function watch(to: number, credentials: string | undefined = token) {
  const leave = new AbortController();
  const response = await fetch(`${api.url}/app`, {
    method: "POST",
    signal: leave.signal,
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      ...(credentials && { authorization: `Bearer ${credentials}` }),
    },
    body: JSON.stringify({ query: `subscription { ticks(to: ${to}) }` }),
  });
  const stream = { status: response.status, text: "", leave: () => leave.abort() };
  void (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) stream.text += decoder.decode(chunk);
    } catch {
      stream.text += "[left]";
    }
  })();
  return stream;
}

test("events arrive as they happen, and the source is let go when the client leaves", async () => {
  const stream = await watch(2);
  await until(() => stream.text.includes('{"data":{"ticks":2}}'));
  expect(stream.text).toContain('event: next\ndata: {"data":{"ticks":1}}');
  expect(probe.open).toBe(1);
  stream.leave();
  await until(() => probe.open === 0, 5_000, "the end of the subscription");
});

test("who may not watch is told so, and no source is opened", async () => {
  const stream = await watch(1, "");
  expect(stream.status).toBe(401);
  await until(() => stream.text.includes("UNAUTHENTICATED"));
  expect(probe.open).toBe(0);
});

test("a bug in the middle of a stream is masked and logged like any other", async () => {
  const stream = await watch(99);
  await until(() => stream.text.includes("INTERNAL"));
  expect(stream.text).not.toContain("hunter2");
  expect(api.logged.at(-1)?.event).toBe("graphql.bug");
  stream.leave();
  await until(() => probe.open === 0);
});

test("a client that does not take events is told to, and leaves nothing open", async () => {
  const answer = await api.ask("app", "subscription { ticks(to: 1) }", {
    token,
    headers: { accept: "application/json" },
  });
  expect(answer).toMatchObject({ status: 406, code: "NOT_ACCEPTABLE" });
  await until(() => probe.open === 0);
});
