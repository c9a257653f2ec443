import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { createMemory } from "../../../src/memory.ts";
import { createSignIn } from "../../../src/operations/sign-in.ts";
import { realWorld } from "../../../src/world.ts";
import { memberTokens, read, serveGraphql } from "../../support/graphql.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
beforeAll(async () => {
  api = await serveGraphql({ isProduction: true });
});
afterAll(() => api.stop());

const whoAmI = "{ viewer { kind name } }";
const claims = { sub: "customer-1", iss: memberTokens.issuer, aud: memberTokens.audience, exp: 4_000_000_000 };
const sign = (payload: object, alg = "HS256", secret = memberTokens.secret) =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
const base64 = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

describe("a member", () => {
  test("is who the token's sub says", async () => {
    const token = await api.member("customer-1");
    expect((await api.ask("app", whoAmI, { token })).body.data.viewer).toEqual({
      kind: "MEMBER",
      name: "m-customer-1",
    });
  });

  test("is the same where the token's sub has a blank more, or something that nobody sees", async () => {
    await api.member("customer-7");
    for (const sub of ["customer-7 ", "\u200Bcustomer-7", "customer\u00AD-7"]) {
      const { body } = await api.ask("app", whoAmI, { token: await sign({ ...claims, sub }) });
      expect(body.data.viewer).toEqual({ kind: "MEMBER", name: "m-customer-7" });
    }
  });

  test("without a token is nobody, and may ask what everyone may", async () => {
    expect((await api.ask("app", whoAmI)).body.data.viewer).toEqual({ kind: "ANONYMOUS", name: null });
  });

  const bad: [title: string, token: () => string | Promise<string>, code: string, words: string][] = [
    ["an expired token", () => sign({ ...claims, exp: 1_000_000_000 }), "TOKEN_EXPIRED", "expired"],
    ["a token for another audience", () => sign({ ...claims, aud: "billing" }), "WRONG_AUDIENCE", "audience"],
    ["a token of another issuer", () => sign({ ...claims, iss: "https://evil.test" }), "WRONG_ISSUER", "issuer"],
    ["a token that never expires", () => sign({ ...claims, exp: undefined }), "CLAIM_MISSING", "exp"],
    ["a token without sub", () => sign({ ...claims, sub: undefined }), "CLAIM_MISSING", "sub"],
    ["a token from the future", () => sign({ ...claims, nbf: 3_900_000_000 }), "TOKEN_NOT_YET_VALID", "not valid yet"],
    ["a token signed with another secret", () => sign(claims, "HS256", "x".repeat(32)), "BAD_SIGNATURE", "signature"],
    ["a token signed with an algorithm not agreed on", () => sign(claims, "HS512"), "ALGORITHM_NOT_ALLOWED", "HS256"],
    [
      "a token that says alg=none",
      () => `${base64({ alg: "none" })}.${base64(claims)}.`,
      "ALGORITHM_NOT_ALLOWED",
      "HS256",
    ],
    [
      "a token whose sub was changed after signing",
      async () => {
        const [head, , signature] = (await sign(claims)).split(".");
        return `${head}.${base64({ ...claims, sub: "customer-2" })}.${signature}`;
      },
      "BAD_SIGNATURE",
      "signature",
    ],
    ["a token of nobody we know", () => sign({ ...claims, sub: "stranger" }), "MEMBER_UNKNOWN", "externalId"],
    ["something that is no token", () => "hello", "TOKEN_MALFORMED", "JWT"],
    ["three dots", () => "a.b.c", "TOKEN_MALFORMED", "JWT"],
  ];
  for (const [title, make, code, words] of bad) {
    test(`with ${title} is refused with 401, ${code}`, async () => {
      const answer = await api.ask("app", whoAmI, { token: await make() });
      expect({ status: answer.status, code: answer.code }).toEqual({ status: 401, code });
      expect(answer.body.errors[0].message).toContain(words);
      expect(answer.headers.get("www-authenticate")).toStartWith('Bearer error="invalid_token"');
    });
  }

  test("with a claim that is null is let in or refused as if the claim were not there", async () => {
    const token = await sign({ ...claims, nbf: null, iat: null, jti: null });
    expect((await api.ask("app", whoAmI, { token })).body.data.viewer.name).toBe("m-customer-1");
    for (const missing of ["exp", "sub", "iss", "aud"]) {
      const without = await sign({ ...claims, nbf: null, [missing]: null });
      expect((await api.ask("app", whoAmI, { token: without })).status).toBe(401);
    }
    const expired = await sign({ ...claims, nbf: null, exp: 1_000_000_000 });
    expect((await api.ask("app", whoAmI, { token: expired })).code).toBe("TOKEN_EXPIRED");
  });

  test("is known by a key of the shop's set whose other fields are null", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const key = { ...(await exportJWK(publicKey)), kid: "1", alg: null, use: null, key_ops: null, x5c: null };
    using keys = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ keys: [key] }) });
    await api.member("jwks");
    const { secret: _, ...pinned } = memberTokens;
    const members = { ...pinned, algorithms: ["RS256"], jwksUrl: keys.url.href };
    const signIn = createSignIn({ db: api.db, members, memory: createMemory(), ...realWorld });
    const token = await new SignJWT({ ...claims, sub: "jwks" })
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .sign(privateKey);
    const request = new Request("http://fanfare.test", { headers: { authorization: `Bearer ${token}` } });
    expect(await signIn(request)).toMatchObject({ actor: { kind: "member", id: "m-jwks" } });
  });

  test("who was erased is not let in any more", async () => {
    const token = await api.member("erased");
    await api.db.write([{ sql: "UPDATE member SET deleted_at = 1 WHERE external_id = 'erased'", args: [] }]);
    expect((await api.ask("app", whoAmI, { token })).code).toBe("MEMBER_UNKNOWN");
  });

  test("gets nothing at the operators' face", async () => {
    const answer = await api.ask("graphql", whoAmI, { token: await api.member("curious") });
    expect(answer).toMatchObject({ status: 403, code: "FORBIDDEN" });
  });

  test("may come with a token signed by the shop's private key, but not with its public key as a secret", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const pem = await exportSPKI(publicKey);
    await api.member("rsa");
    const { secret: _, ...pinned } = memberTokens;
    const signIn = createSignIn({
      db: api.db,
      members: { ...pinned, algorithms: ["RS256"], publicKey: pem },
      ...realWorld,
      memory: createMemory(),
    });
    const come = (token: string) =>
      signIn(new Request("http://fanfare.test", { headers: { authorization: `Bearer ${token}` } }));
    const good = await new SignJWT({ ...claims, sub: "rsa" }).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
    expect(await come(good)).toMatchObject({ actor: { kind: "member", id: "m-rsa" } });
    expect(await come(await sign({ ...claims, sub: "rsa" }, "HS256", pem))).toMatchObject({
      fault: { code: "ALGORITHM_NOT_ALLOWED" },
    });
  });

  test("is told when the shop's published keys cannot be read, which is not the member's fault", async () => {
    const { secret: _, ...pinned } = memberTokens;
    const members = { ...pinned, algorithms: ["RS256"], jwksUrl: "http://127.0.0.1:1/keys" };
    const elsewhere = await serveGraphql({
      signIn: createSignIn({ db: api.db, members, memory: createMemory(), ...realWorld }),
    });
    const { privateKey } = await generateKeyPair("RS256");
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "1" }).sign(privateKey);
    const answer = await elsewhere.ask("app", whoAmI, { token });
    expect(answer).toMatchObject({ status: 503, code: "KEYS_UNAVAILABLE" });
    await elsewhere.stop();
  });
});

test("settings that would let anyone sign are refused at once", () => {
  const make = (members: Parameters<typeof createSignIn>[0]["members"]) => () =>
    createSignIn({ db: api.db, members, memory: createMemory(), ...realWorld });
  expect(make({ ...memberTokens, secret: "short" })).toThrow("32 bytes");
  expect(make({ ...memberTokens, algorithms: ["none"] })).toThrow("none");
  expect(make({ ...memberTokens, algorithms: ["RS256"] })).toThrow("RS256");
});

describe("an operator", () => {
  test("is let in by a token, until it is revoked", async () => {
    const token = await api.token({ kind: "operator", name: "Ann", role: "viewer" });
    expect((await api.ask("graphql", whoAmI, { token })).body.data.viewer).toEqual({ kind: "OPERATOR", name: "Ann" });
    let now = Date.now();
    const signIn = createSignIn({
      db: api.db,
      members: undefined,
      ...realWorld,
      memory: createMemory(),
      clock: () => now,
    });
    const come = () => signIn(new Request("http://fanfare.test", { headers: { authorization: `bearer ${token}` } }));
    expect(await come()).toMatchObject({ actor: { name: "Ann", role: "viewer" } });
    await api.db.write([{ sql: "UPDATE access_token SET revoked_at = 1 WHERE name = 'Ann'", args: [] }]);
    now += 5_001;
    expect(await come()).toMatchObject({ fault: { code: "TOKEN_UNKNOWN" } });
  });

  test("with a token that was never made, or no token where one belongs, is refused with the reason", async () => {
    const unknown = await api.ask("graphql", whoAmI, { token: `ff_op_${"x".repeat(43)}` });
    expect(unknown).toMatchObject({ status: 401, code: "TOKEN_UNKNOWN" });
    for (const authorization of ["Basic YTpi", "Bearer", "Bearer a b", `Bearer ${"x".repeat(5_000)}`]) {
      const answer = await api.ask("graphql", whoAmI, { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, code: "TOKEN_MALFORMED" });
    }
  });

  const page = (path: string, init: RequestInit = {}) =>
    fetch(api.url + path, { redirect: "manual", ...init, headers: { accept: "text/html", ...init.headers } });

  test("sees GraphiQL, which loads nothing from elsewhere, only after signing in", async () => {
    const before = await read(await page("/graphql"));
    expect(before.status).toBe(401);
    expect(before.text).toContain("<form");
    expect(before.text).not.toContain("GraphiQL");

    // Under "no-referrer" a browser posts the form from the origin "null", and would be refused.
    expect(before.headers.get("referrer-policy")).toBe("same-origin");

    const token = await api.token({ kind: "operator", name: "Bea", role: "viewer" });
    const body = new URLSearchParams({ token });
    const signedIn = await page("/graphql/sign-in", { method: "POST", body, headers: { origin: api.url } });
    expect(signedIn.status).toBe(303);
    expect(signedIn.headers.get("location")).toBe("/graphql");
    const cookie = signedIn.headers.get("set-cookie") ?? "";
    for (const guard of ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"]) expect(cookie).toContain(guard);
    expect(cookie).toStartWith("__Host-"); // of this very host, over https: no neighbour can plant one

    const after = await read(await page("/graphql", { headers: { cookie: cookie.split(";")[0] ?? "" } }));
    expect(after.status).toBe(200);
    expect(after.text).toContain("YogaGraphiQL");
    expect(after.text).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/);
    const policy = after.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'.*frame-ancestors 'none'.*script-src ('sha256-[^']{44}' )+blob:;/);
    const scripts = [...after.text.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text = ""]) => text);
    for (const text of scripts) expect(policy).toContain(new Bun.CryptoHasher("sha256").update(text).digest("base64"));
    expect(scripts.length).toBeGreaterThan(0);
    expect(before.headers.get("content-security-policy")).toContain("default-src 'none'");
    const asked = await api.ask("graphql", whoAmI, { headers: { cookie: cookie.split(";")[0] ?? "" } });
    expect(asked.body.data.viewer).toEqual({ kind: "OPERATOR", name: "Bea" });
  });

  test("signs out on the page: the browser forgets the token; another site cannot do it for them", async () => {
    const out = (origin: string) => page("/graphql/sign-out", { method: "POST", headers: { origin } });
    const signedOut = await out(api.url);
    expect([signedOut.status, signedOut.headers.get("location")]).toEqual([303, "/graphql"]);
    expect(signedOut.headers.get("set-cookie")).toMatch(/^__Host-fanfare_operator=;.*Max-Age=0.*Secure/);
    expect((await out("https://evil.test")).status).toBe(403);
    expect((await page("/graphql/sign-out")).status).toBe(401); // to look at, it is the page to sign in
  });

  test("cannot be signed in by another site, nor with anything but an operator's token", async () => {
    const token = await api.token({ kind: "operator", name: "Cid", role: "viewer" });
    const body = () => new URLSearchParams({ token });
    const foreign = await page("/graphql/sign-in", {
      method: "POST",
      body: body(),
      headers: { origin: "https://evil.test" },
    });
    expect(foreign.status).toBe(403);
    for (const wrong of ["nonsense <b>", await api.member("no-operator"), ""]) {
      const answer = await page("/graphql/sign-in", { method: "POST", body: new URLSearchParams({ token: wrong }) });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(await answer.text()).not.toContain("<b>");
    }
  });
});
