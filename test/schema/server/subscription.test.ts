import { afterAll, beforeAll, expect, test } from "bun:test";
import { createMemory } from "../../../src/memory.ts";
import { createSignIn } from "../../../src/operations/sign-in.ts";
import { createStreams } from "../../../src/web/streams.ts";
import { realWorld } from "../../../src/world.ts";
import { type Face, memberTokens, serveGraphql } from "../../support/graphql.ts";
import { probe, probeSchemas } from "../../support/probe-schema.ts";
import { until } from "../../support/wait.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let token: string;
beforeAll(async () => {
  api = await serveGraphql({ schemas: probeSchemas() });
  token = await api.member("watcher");
});
afterAll(() => api.stop());

/** Knows the members of {@link api}. */
function signInAgain() {
  return createSignIn({ ...realWorld, db: api.db, memory: createMemory(), members: memberTokens });
}

/** Opens a stream of events; `text` grows as they come. */
async function watch(to: number, credentials: string | undefined = token, url = api.url, face: Face = "app") {
  const leave = new AbortController();
  const response = await fetch(`${url}/${face}`, {
    method: "POST",
    signal: leave.signal,
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      ...(credentials && { authorization: `Bearer ${credentials}` }),
    },
    body: JSON.stringify({ query: `subscription { ticks(to: ${to}) }` }),
  });
  const connection = response.headers.get("connection");
  const stream = { status: response.status, connection, text: "", leave: () => leave.abort() };
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
  await until(() => probe.open === 0, undefined, "the end of the subscription");
});

test("who may not watch is told so in an event, then comes the end, and no source is opened", async () => {
  const stream = await watch(1, "");
  expect(stream.status).toBe(200);
  await until(() => stream.text.includes("event: complete"));
  expect(stream.text).toMatch(/^:\n\nevent: next\ndata: \{"errors":\[\{.*UNAUTHENTICATED.*\n\nevent: complete/);
  expect(probe.open).toBe(0);
});

test("a subscription that is no valid document is refused as an event, too", async () => {
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  const ask = (body: string) => fetch(`${api.url}/app`, { method: "POST", headers, body });
  const answer = await ask('{"query":"subscription { tocks }"}');
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  expect(await answer.text()).toMatch(/event: next\ndata: .*GRAPHQL_VALIDATION_FAILED.*\n\nevent: complete/);
  const broken = await ask("{");
  expect([broken.status, broken.headers.get("content-type")]).toEqual([400, "application/json; charset=utf-8"]);
});

test("a stream ends with its credentials: the token expired, was revoked, or its member was erased", async () => {
  let now = Date.now();
  const signIn = createSignIn({
    ...realWorld,
    db: api.db,
    memory: createMemory(),
    members: memberTokens,
    clock: () => now,
  });
  const streams = createStreams({ perCaller: 2, atMost: 9, timers: realWorld.timers, checkMs: 5 });
  const own = await serveGraphql({ schemas: probeSchemas(), signIn, streams });
  const erased = await api.member("erased");
  const operator = await api.token({ kind: "operator", name: "O", role: "viewer" });
  const watched = [await watch(1, erased, own.url), await watch(1, operator, own.url, "graphql")];
  await until(() => watched.every(({ text }) => text.includes('"ticks":1')));
  await api.db.write([
    { sql: "UPDATE member SET deleted_at = 1 WHERE external_id = 'erased'", args: [] },
    { sql: "UPDATE access_token SET revoked_at = 1 WHERE name = 'O'", args: [] },
  ]);
  now += 5_001; // who was found is remembered for five seconds
  await until(
    () => watched.every(({ text }) => text.includes("event: complete")),
    undefined,
    "the end of both streams",
  );
  expect(watched.map(({ text }) => /MEMBER_UNKNOWN|TOKEN_UNKNOWN/.exec(text)?.[0])).toEqual([
    "MEMBER_UNKNOWN",
    "TOKEN_UNKNOWN",
  ]);
  const late = await watch(1, token, own.url);
  await until(() => late.text.includes('"ticks":1'));
  now += 70_000;
  await until(() => late.text.includes("event: complete"), undefined, "the end of the expired stream");
  expect(late.text).toContain("TOKEN_EXPIRED");
  await until(() => streams.size === 0 && probe.open === 0);
  await own.stop();
});

test("a caller holds a few streams open, not more; the place of one that was left is free again", async () => {
  const streams = createStreams({ perCaller: 2, atMost: 3, timers: realWorld.timers });
  const own = await serveGraphql({ schemas: probeSchemas(), streams, signIn: signInAgain() });
  const other = await api.member("other");
  const first = await watch(1, token, own.url);
  const held = [first, await watch(1, token, own.url), await watch(1, other, own.url)];
  await until(() => held.every(({ text }) => text.includes('"ticks":1')));
  const third = await watch(1, token, own.url);
  await until(() => third.text.includes("event: complete"));
  expect(third.text).toMatch(/TOO_MANY_STREAMS.*retryAfterSeconds/);
  expect([third.text.includes("STREAMS_PER_CALLER"), third.connection]).toEqual([true, "close"]);
  const fourth = await watch(1, other, own.url);
  await until(() => fourth.text.includes("has room for"));
  first.leave();
  await until(() => streams.size === 2);
  const again = await watch(1, token, own.url);
  await until(() => again.text.includes('"ticks":1'));
  streams.close({ code: "STOPPING", message: "This server is stopping; try again.", retryAfterSeconds: 1 });
  await until(() => again.text.includes("event: complete"));
  expect(again.text).toMatch(/"code":"STOPPING","retryAfterSeconds":1/);
  await until(() => probe.open === 0);
  await own.stop();
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
