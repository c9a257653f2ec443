import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { z } from "zod";
import { registerConsumers } from "../../../src/queue/event/consumer.ts";
import { defineEvent, record } from "../../../src/queue/event/event.ts";
import { eventGroup, mendEventGroup } from "../../../src/queue/event/group.ts";
import { openQueue } from "../../../src/queue/qstash.ts";
import { startRelay } from "../../../src/queue/relay.ts";
import { realWorld } from "../../../src/world.ts";
import { openTestDatabase } from "../../support/database.ts";
import { until } from "../../support/wait.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const installation = "here";
const jobsUrl = "http://127.0.0.1:1/jobs";
const happened = defineEvent("thing.happened", 1, z.object({}));

/** A queue that answers as it is told, and what it was asked. */
function queueThat(answer: (path: string, method: string, body: string) => Response) {
  const asked: { path: string; method: string; body: string }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const { pathname: path } = new URL(request.url);
      const call = { path, method: request.method, body: await request.text() };
      asked.push(call);
      return answer(path, request.method, call.body);
    },
  });
  stops.push(() => server.stop(true));
  const url = `http://127.0.0.1:${server.port}`;
  const keys = { currentSigningKey: "c", nextSigningKey: "n" };
  return {
    asked,
    queue: openQueue({ url, token: "t", ...keys, installation, jobsUrl, retries: 3, flows: {} }, realWorld),
  };
}

/** A relay to such a queue, and a database in which one event happened. */
async function relayTo(answer: (nth: number) => unknown) {
  let nth = 0;
  const { asked, queue } = queueThat(() => {
    const said = answer(nth++);
    return said instanceof Response ? said : Response.json([said]);
  });
  const db = await openTestDatabase();
  await registerConsumers({ db, clock: () => 0 }, [{ name: "reader", begins: "now" }]);
  let moved = 0;
  const relay = startRelay(db, queue, () => {}, { ...realWorld, clock: () => Date.now() + moved });
  stops.push(() => relay.stop());
  await db.write([record([happened.of("thing", {})], 0)]);
  const row = () =>
    db.first<{ message_id: string | null; published_at: number | null; error: string | null }>(
      sql`SELECT message_id, published_at, error FROM outbox WHERE name = 'events'`,
    );
  const pass = (ms: number) => {
    moved += ms;
  };
  return { asked, row, pass };
}

const taken = (job: string, messageId: string) => ({ messageId, url: `${jobsUrl}/${job}` });

test("events are announced to the installation's URL group; each endpoint's message is remembered", async () => {
  const { asked, row } = await relayTo(() => [taken("event-reader", "msg_1"), taken("event-other", "msg_2")]);
  await until(async () => (await row())?.published_at);
  const [item] = JSON.parse(asked[0]?.body ?? "");
  expect([item.destination, item.body]).toEqual([eventGroup({ installation }), '{"from":1,"to":1}']);
  expect(JSON.parse((await row())?.message_id ?? "")).toEqual({ "event-reader": "msg_1", "event-other": "msg_2" });
});

test("a group without endpoints, or that is not there yet, loses nothing: the row waits and says why", async () => {
  for (const none of [[], Response.json({ error: "topic not found" }, { status: 404 })]) {
    const { row, pass } = await relayTo((nth) => (nth === 0 ? none : [taken("event-reader", "msg_1")]));
    const refused = await until(async () => ((await row())?.error ? row() : undefined));
    expect([refused?.published_at, refused?.error]).toEqual([null, expect.stringMatching(/no endpoints|not found/)]);
    pass(60_000);
    expect((await until(async () => ((await row())?.published_at ? row() : undefined)))?.error).toBeNull();
  }
});

test("a group of which one endpoint took nothing is asked again under the same deduplication id", async () => {
  const { asked, row, pass } = await relayTo((nth) => [
    taken("event-reader", "msg_1"),
    nth === 0 ? { messageId: null, error: "quota" } : taken("event-other", "msg_2"),
  ]);
  await until(async () => (await row())?.error);
  pass(60_000);
  await until(async () => (await row())?.published_at);
  const ids = asked.map(({ body }) => new Headers(JSON.parse(body)[0].headers).get("upstash-deduplication-id"));
  expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
});

test("two installations of one account announce to groups of their own", () => {
  expect(eventGroup({ installation: "a" })).not.toBe(eventGroup({ installation: "b" }));
});

test("the group is made to hold the consumers there are: what is missing comes, then what is stale goes", async () => {
  const endpoints = ["event-old", "event-kept"].map((job) => ({ name: job, url: `${jobsUrl}/${job}` }));
  const { asked, queue } = queueThat((_path, method) =>
    method === "GET" ? Response.json([{ name: eventGroup({ installation }), endpoints }]) : new Response(),
  );
  await mendEventGroup(queue, ["event-kept", "event-new"]);
  expect(asked.map(({ method, body }) => [method, body])).toEqual([
    ["GET", ""],
    ["POST", JSON.stringify({ endpoints: [{ name: "event-new", url: `${jobsUrl}/event-new` }] })],
    ["DELETE", JSON.stringify({ endpoints: [{ url: `${jobsUrl}/event-old` }] })],
  ]);
  asked.length = 0;
  await mendEventGroup(queue, ["event-kept", "event-old"]);
  expect(asked.map(({ method }) => method)).toEqual(["GET"]);
});

test("a group that is not there yet is made", async () => {
  const { asked, queue } = queueThat((_path, method) =>
    method === "GET" ? Response.json([{ name: "another", endpoints: [] }]) : new Response(),
  );
  await mendEventGroup(queue, ["event-new"]);
  expect(asked.map(({ method }) => method)).toEqual(["GET", "POST"]);
});
