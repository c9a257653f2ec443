import { afterAll, afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { createMemory, type Memory } from "../../src/memory.ts";
import { memberKeys } from "../../src/operations/member-keys.ts";
import { type MemberTokenSettings, memberTokenVerifier } from "../../src/operations/member-token.ts";
import { createSignIn } from "../../src/operations/sign-in.ts";
import { verifiedTokens } from "../../src/operations/verified-tokens.ts";
import { realWorld } from "../../src/world.ts";
import { memberTokens } from "../support/graphql.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);
afterEach(() => void setSystemTime());

const start = 1_790_000_000;
const claims = { sub: "customer", iss: memberTokens.issuer, aud: memberTokens.audience, exp: start + 100 };
const sign = (payload: object, secret = memberTokens.secret) =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
const bearing = (token: string) => new Request("http://a.test", { headers: { authorization: `Bearer ${token}` } });

/** A shop with one member, `customer`, and a clock that tells `now` seconds. */
async function shop(members: MemberTokenSettings = memberTokens, memory: Memory = createMemory()) {
  const { ctx } = await openLedger();
  await ctx.db.write([
    sql`INSERT INTO member (id, external_id, registered_at, updated_at) VALUES ('m', 'customer', 0, 0)`,
  ]);
  const at = { now: start };
  const signIn = createSignIn({ ...realWorld, db: ctx.db, memory, members, clock: () => at.now * 1_000 });
  return { at, ctx, come: (token: string) => signIn(bearing(token)), memory };
}

describe("a token that was verified", () => {
  test("is answered at once when it comes again, and its member is looked up every 5 s", async () => {
    const { at, ctx, come } = await shop();
    const token = await sign(claims);
    expect(await come(token)).toMatchObject({ actor: { kind: "member", id: "m" } });
    expect(come(token)).toMatchObject({ actor: { kind: "member", id: "m" } });
    await ctx.db.write([sql`UPDATE member SET deleted_at = 1`]);
    at.now += 5;
    expect(await come(token)).toMatchObject({ fault: { code: "MEMBER_UNKNOWN" } });
  });

  test("is judged by the clock each time just as one that is verified anew", async () => {
    const time = fc.integer({ min: start - 30, max: start + 30 });
    await fc.assert(
      fc.asyncProperty(
        time,
        fc.option(time),
        fc.array(time, { minLength: 2, maxLength: 12 }),
        async (exp, nbf, asks) => {
          let now = start;
          const clock = () => now * 1_000;
          const token = await sign({ ...claims, exp, nbf });
          const kept = memberTokenVerifier(memberTokens, { clock, memory: createMemory() });
          for (now of asks) {
            const recalled = kept.recall(token);
            const anew = await memberTokenVerifier(memberTokens, { clock, memory: createMemory() }).verify(token);
            if (recalled !== undefined) expect(anew).toEqual({ externalId: recalled });
            expect(await kept.verify(token)).toEqual(anew);
            expect(kept.recall(token)).toBe("externalId" in anew ? anew.externalId : undefined);
          }
        },
      ),
      { numRuns: counted(40, 2_000) },
    );
  });

  test("is itself nowhere in memory, nor is what was refused", async () => {
    const { come, memory } = await shop();
    const token = await sign(claims);
    await come(token);
    const [, , signature = ""] = token.split(".");
    const everything = JSON.stringify(
      [...memory].map(([name, value]) => [name, value instanceof Map ? [...value] : 0]),
    );
    expect(everything).toContain("customer");
    expect(everything).not.toContain(signature);
    const refused = [`${token}x`, await sign({ ...claims, exp: start - 100 }), await sign(claims, "x".repeat(32))];
    for (const bad of refused) for (let i = 0; i < 2; i++) expect(await come(bad)).toHaveProperty("fault");
    expect((memory.get("operations.verifiedTokens") as Map<string, unknown>).size).toBe(1);
  });

  test("says nothing to a verifier of other keys", async () => {
    const one = await shop();
    const token = await sign(claims);
    expect(await one.come(token)).toHaveProperty("actor");
    const other = await shop({ ...memberTokens, secret: "y".repeat(32) }, one.memory);
    expect(await other.come(token)).toMatchObject({ fault: { code: "BAD_SIGNATURE" } });
    expect(await one.come(token)).toHaveProperty("actor");
  });

  test("is one of so many at most, of which the oldest is forgotten", () => {
    const memory = createMemory();
    const keys = memberKeys(memberTokens);
    const known = verifiedTokens({ memory }, keys, () => start * 1_000);
    for (let i = 0; i <= 50_000; i++) known.keep(`token ${i}`, { sub: "s", exp: start + 1 }, keys.edition());
    expect((memory.get("operations.verifiedTokens") as Map<string, unknown>).size).toBe(50_000);
    expect([known.recall("token 0"), known.recall("token 1")]).toEqual([undefined, "s"]);
  });
});

describe("a token verified by the shop's published keys", () => {
  const pair = async (kid: string) => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const token = await new SignJWT({ ...claims, exp: 4e9 }).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
    return { token, jwk: { ...(await exportJWK(publicKey)), kid } };
  };
  /** The shop's key set, which may change or be away. */
  function publish(...keys: JWK[]) {
    const published = { keys, reads: 0, away: false };
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        published.reads++;
        return published.away ? new Response(null, { status: 500 }) : Response.json({ keys: published.keys });
      },
    });
    const { secret: _, ...pinned } = memberTokens;
    return {
      published,
      settings: { ...pinned, algorithms: ["ES256"], jwksUrl: server.url.href },
      [Symbol.dispose]: () => server.stop(true),
    };
  }
  const later = (seconds: number) => setSystemTime(Date.now() + seconds * 1_000);

  test("is refused as soon as a set without its key was read, whoever's token had it read", async () => {
    const [old, next] = [await pair("old"), await pair("next")];
    using shopKeys = publish(old.jwk);
    const { come } = await shop(shopKeys.settings);
    for (let i = 0; i < 2; i++) expect(await come(old.token)).toHaveProperty("actor");
    expect(come(old.token)).toHaveProperty("actor");
    shopKeys.published.keys = [next.jwk];
    later(31); // sooner no set is read again for a key that is not in it
    expect(await come(next.token)).toHaveProperty("actor");
    expect(await come(old.token)).toMatchObject({ fault: { code: "UNKNOWN_KEY" } });
  });

  test("is known on while the set that is read again says the same, and waits for it where it is due", async () => {
    const one = await pair("one");
    using shopKeys = publish(one.jwk);
    const { published } = shopKeys;
    const { come } = await shop(shopKeys.settings);
    for (let i = 0; i < 2; i++) await come(one.token);
    later(601);
    expect(await come(one.token)).toHaveProperty("actor");
    expect(published.reads).toBe(2);
    expect(come(one.token)).toHaveProperty("actor");
    published.away = true;
    later(601);
    expect(await come(one.token)).toMatchObject({ fault: { code: "KEYS_UNAVAILABLE" } });
    published.away = false;
    published.keys = [];
    expect(await come(one.token)).toMatchObject({ fault: { code: "UNKNOWN_KEY" } });
  });
});
