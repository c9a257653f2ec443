import { afterAll, expect, test } from "bun:test";
import { noAnswer, postSigned } from "../../src/channels/signed-post.ts";
import { openRoad } from "../../src/webhook/road.ts";
import { newSecret } from "../../src/webhook/secret.ts";
import { freePort } from "../support/port.ts";
import { startReceiver, verifies } from "../support/receiver.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

function receiver() {
  const made = startReceiver();
  stops.push(() => made.stop());
  return made;
}

const secret = newSecret();
const message = (url: string) => ({
  url,
  message: "msg_1",
  body: '{"type":"x"}',
  secrets: [secret],
  at: Date.now(),
  roads: openRoad,
});

test("a message is signed for the moment of its attempt, by every secret that counts", async () => {
  const there = receiver();
  const old = newSecret();
  expect(await postSigned({ ...message(there.url), secrets: [secret, old] })).toMatchObject({
    status: 204,
    error: null,
  });
  const got = there.received[0]!;
  expect([verifies(secret, got), verifies(old, got), verifies(newSecret(), got)]).toEqual([true, true, false]);
  expect([got.id, got.text, got.headers.get("content-type")]).toEqual(["msg_1", '{"type":"x"}', "application/json"]);
});

test("a redirect is a failure and is not followed", async () => {
  const [there, elsewhere] = [receiver(), receiver()];
  there.answer = () => Response.redirect(elsewhere.url, 307);
  expect(await postSigned(message(there.url))).toMatchObject({
    status: 307,
    answer: expect.stringContaining("redirect"),
  });
  expect(elsewhere.received).toEqual([]);
});

test("of a refusal some words are kept, without addresses and tokens, and when to come again", async () => {
  const there = receiver();
  const said = `no room for kim@shop.example ${"x".repeat(5_000)}`;
  there.answer = () => new Response(said, { status: 503, headers: { "retry-after": "120" } });
  const { answer, ...rest } = await postSigned(message(there.url));
  expect(rest).toEqual({ status: 503, error: "the endpoint did not take it", retryAfter: 120 });
  expect(answer).toMatch(/^the endpoint refused it \(503\): no room for ‹address›/);
  expect(answer?.length).toBeLessThan(300);
});

test("an answer without an end is not waited for: 2xx is taken, of others some words are read", async () => {
  const there = receiver();
  let status = 200;
  const endless = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_024).fill(120)),
    });
  there.answer = () => new Response(endless(), { status });
  expect(await postSigned(message(there.url))).toMatchObject({ status: 200, error: null });
  status = 500;
  expect(await postSigned(message(there.url))).toMatchObject({ status: 500 });
});

test("nobody there, no such name, silence, a hung-up line, no TLS: one word; the log tells them apart", async () => {
  const there = receiver();
  there.answer = () => new Promise(() => {});
  const hangUp = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.terminate() } });
  stops.push(() => hangUp.stop(true));
  const urls = [
    there.url,
    `http://127.0.0.1:${freePort()}/`,
    "http://nobody.invalid/",
    `http://127.0.0.1:${hangUp.port}/`,
    there.url.replace("http:", "https:"),
  ];
  const answers = await Promise.all(urls.map((url) => postSigned(message(url), 100)));
  const told = answers.map(({ reason: _, ...rest }) => rest);
  expect(new Set(told.map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify({ status: null, error: noAnswer, answer: null })]),
  );
  expect(answers.map(({ reason }) => reason).slice(0, 2)).toEqual(["TIMEOUT", "ECONNREFUSED"]);
});
