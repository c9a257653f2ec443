import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Receiver } from "@upstash/qstash";
import { conformance, json, own, receiver, rotating, verify } from "./support.ts";

conformance();

interface Keys {
  readonly current: string;
  readonly next: string;
}

test("a delivery is signed for its exact address and body, as the SDK's receiver accepts", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  await client.publish({ url: `${shop.url}/signed?a=1`, label: name, body: "für alle" });
  const [delivery] = await shop.got(1);
  const keys = await receiver(mine);
  expect(await verify(keys, delivery!)).toBe(true);
  await expect(verify(keys, { ...delivery!, body: "other" })).rejects.toThrow("body hash");
  await expect(verify(keys, { ...delivery!, url: `${shop.url}/other` })).rejects.toThrow("invalid subject");
  const strangers = new Receiver({ currentSigningKey: "sig_other", nextSigningKey: "sig_another" });
  await expect(verify(strangers, delivery!)).rejects.toThrow();
});

test("a signature says whose it is, for what, and for five minutes", async () => {
  const { client, name, shop } = own();
  await client.publish({ url: `${shop.url}/signed`, label: name, body: "x" });
  const [delivery] = await shop.got(1);
  const parts = (delivery?.headers.get("upstash-signature") ?? "").split(".").slice(0, 2);
  const [header, payload] = parts.map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  expect(header).toMatchObject({ alg: "HS256", typ: "JWT" });
  expect(payload).toMatchObject({ iss: "Upstash", sub: `${shop.url}/signed`, jti: expect.any(String) });
  expect(payload.exp - payload.iat).toBe(300);
  expect(payload.nbf).toBeLessThanOrEqual(payload.iat);
  expect(Math.abs(payload.iat - Date.now() / 1_000)).toBeLessThan(60);
  expect(payload.body.replace(/=+$/, "")).toBe(createHash("sha256").update("x").digest("base64url"));
});

test("each try has a signature of its own", async () => {
  const mine = own((_, nth) => new Response("", { status: nth === 1 ? 500 : 200 }));
  const { client, name, shop } = mine;
  await client.publish({ url: shop.url, label: name, body: "x", retryDelay: "10" });
  const [one, two] = await shop.got(2);
  expect(one?.headers.get("upstash-signature")).not.toBe(two?.headers.get("upstash-signature"));
  expect(await verify(await receiver(mine), two!)).toBe(true);
});

test("the signing keys are told to whoever has the token", async () => {
  const { call } = own();
  const keys = await json<Keys>(await call("GET", "/v2/keys"));
  expect([typeof keys.current, typeof keys.next]).toEqual(["string", "string"]);
  expect(keys.current).not.toBe(keys.next);
});

rotating(
  "rotating makes the next key the current one; whoever knows the keys from before still accepts what comes",
  async () => {
    const mine = own();
    const { client, call, name, shop } = mine;
    const before = await json<Keys>(await call("GET", "/v2/keys"));
    const after = await json<Keys>(await call("POST", "/v2/keys/rotate"));
    expect(after.current).toBe(before.next);
    expect([before.current, before.next]).not.toContain(after.next);
    expect(await json<Keys>(await call("GET", "/v2/keys"))).toEqual(after);
    await client.publish({ url: shop.url, label: name, body: "x" });
    const [delivery] = await shop.got(1);
    const from = ({ current, next }: Keys) => new Receiver({ currentSigningKey: current, nextSigningKey: next });
    expect(await verify(from(after), delivery!)).toBe(true);
    expect(await verify(from(before), delivery!)).toBe(true);
    await expect(verify(from({ current: before.current, next: "sig_other" }), delivery!)).rejects.toThrow();
  },
);
