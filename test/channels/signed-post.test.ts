import { afterAll, expect, test } from "bun:test";
import { postSigned } from "../../src/channels/signed-post.ts";
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
const message = (url: string) => ({ url, message: "msg_1", body: '{"type":"x"}', secrets: [secret], at: Date.now() });

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
    error: expect.stringContaining("redirect"),
  });
  expect(elsewhere.received).toEqual([]);
});

test("of a refusal some words are kept, without addresses and tokens, and when to come again", async () => {
  const there = receiver();
  const said = `no room for kim@shop.example ${"x".repeat(5_000)}`;
  there.answer = () => new Response(said, { status: 503, headers: { "retry-after": "120" } });
  const { error, ...answer } = await postSigned(message(there.url));
  expect(answer).toEqual({ status: 503, retryAfter: 120 });
  expect(error).toMatch(/^the endpoint refused it \(503\): no room for ‹address›/);
  expect(error?.length).toBeLessThan(300);
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

test("nobody there, and nobody who answers in time, are failures without a status", async () => {
  const there = receiver();
  there.answer = () => new Promise(() => {});
  expect(await postSigned(message(there.url), 50)).toEqual({ status: null, error: "no answer within 0.05 s" });
  const { status, error } = await postSigned(message(`http://127.0.0.1:${freePort()}/`));
  expect([status, error]).toEqual([null, expect.stringContaining("could not be reached")]);
});
