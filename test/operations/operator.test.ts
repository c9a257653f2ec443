import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { isRefusal } from "../../src/errors.ts";
import { countOperators, listOperators, revokeOperator, updateOperator } from "../../src/operations/operator-desk.ts";
import { createSignIn } from "../../src/operations/sign-in.ts";
import { createToken, listTokens, revokeToken, type TokenInput } from "../../src/operations/token.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { realWorld } from "../../src/world.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";

afterAll(closeLedgers);

const token = (name: string, operator?: string) =>
  ({ kind: "operator", name, role: "approver", operator }) satisfies TokenInput;

test("tokens of one name are one person's, however it is written, also when they are made at once", async () => {
  const { ctx } = await openLedger();
  const names = ["Jörg", " jörg", "JO\u0308RG", "Jo\u200b\u0308rg".normalize(), "laptop"];
  const made = await Promise.all(names.map((name, i) => createToken(ctx, token(name, i === 4 ? "jÖrg" : undefined))));
  const persons = made.map((each) => accepted(each).record).map((each) => "operator" in each && each.operator.id);
  expect(new Set(persons).size).toBe(1);
  expect(accepted(await createToken(ctx, token("Kim"))).record).toMatchObject({ operator: { name: "Kim" } });
});

test("who was given a token, and lost it, stands in the person's history", async () => {
  const { ctx } = await openLedger();
  const { record } = accepted(await createToken(ctx, token("laptop", "Kim")));
  accepted(await revokeToken(ctx, record.id));
  expect(await historyOf(ctx, subjectOf("operator", 1))).toMatchObject([
    { what: "lost a token: laptop", actor: "job test" },
    { what: "was given a token as approver: laptop", actor: "job test" },
  ]);
});

const admin = async (ctx: Context, name: string, shop?: string) => {
  const made = accepted(await createToken(ctx, { kind: "operator", name, role: "admin", shop }));
  return { token: made.token, id: "operator" in made.record ? made.record.operator.id : 0 };
};

test("a person is called otherwise, or works for another shop; two of one name there are not", async () => {
  const { ctx } = await openLedger();
  const [{ id }] = [await admin(ctx, "Kim"), await admin(ctx, "Ada")];
  expect(await updateOperator(ctx, { id, name: " ADA " })).toMatchObject({ code: "CONFLICT" });
  expect(await updateOperator(ctx, { id: 77, name: "Ben" })).toMatchObject({ code: "NOT_FOUND" });
  expect(await updateOperator(ctx, { id, name: " " })).toMatchObject({ code: "INVALID_INPUT" });
  expect(accepted(await updateOperator(ctx, { id, name: "KIM" }))).toMatchObject({ name: "KIM", shop: "" });
  expect(accepted(await updateOperator(ctx, { id, shop: "berlin" }))).toMatchObject({ name: "KIM", shop: "berlin" });
  expect((await historyOf(ctx, subjectOf("operator", id))).slice(0, 2)).toMatchObject([
    { what: "changed shop", from: "", to: "berlin" },
    { what: "changed name", from: "Kim", to: "KIM" },
  ]);
  // Whoever is called so from now on is the same person.
  const again = await createToken(ctx, { ...token("phone", "kim"), shop: "hamburg" });
  expect(again).toMatchObject({ code: "CONFLICT", message: 'KIM works for the shop "berlin" already.' });
});

test("a name that a person once had is nobody else's: the audit calls them so, and they would be two", async () => {
  const { ctx } = await openLedger();
  const [{ id }, ada] = [await admin(ctx, "Kim"), await admin(ctx, "Ada")];
  accepted(await updateOperator(ctx, { id, name: "Kimberly" }));
  const taken = { code: "CONFLICT", message: "kim was the name of Kimberly; choose another name, or name them so." };
  expect(await createToken(ctx, token("kim"))).toMatchObject(taken);
  expect(await updateOperator(ctx, { id: ada.id, name: "kim" })).toMatchObject(taken);
  expect(await countOperators(ctx, {})).toBe(2);
  expect(accepted(await updateOperator(ctx, { id, name: "Kim" })).name).toBe("Kim");
  expect(await createToken(ctx, token("Kimberly"))).toMatchObject({ code: "CONFLICT" });
});

test("moved between shops, a person is of the new one within five seconds, with every token", async () => {
  const ledger = await openLedger();
  const { ctx } = ledger;
  const [kim] = [await admin(ctx, "Kim", "berlin"), await admin(ctx, "Root")];
  const signIn = createSignIn({ ...ctx, members: undefined });
  const ask = () => signIn(new Request("http://x/", { headers: { authorization: `Bearer ${kim.token}` } }));
  expect(await ask()).toMatchObject({ actor: { shop: "berlin" } });
  accepted(await updateOperator(ctx, { id: kim.id, shop: "hamburg" }));
  ledger.pass(5_001);
  expect(await ask()).toMatchObject({ actor: { shop: "hamburg" } });
  accepted(await revokeOperator(ctx, { id: kim.id }));
  ledger.pass(5_001);
  expect(await ask()).toMatchObject({ fault: { code: "TOKEN_UNKNOWN" } });
});

test("the last admin of no shop stays, however she is to go, also when two go at once", async () => {
  const { ctx } = await openLedger();
  const [kim, ada] = [await admin(ctx, "Kim"), await admin(ctx, "Ada")];
  await admin(ctx, "Lea", "berlin");
  const ways = [() => updateOperator(ctx, { id: kim.id, shop: "berlin" }), () => revokeOperator(ctx, { id: ada.id })];
  const gone = await Promise.all(ways.map((way) => way()));
  expect(gone.filter(isRefusal)).toMatchObject([{ code: "CONFLICT" }]);
  const last = isRefusal(gone[0]) ? kim : ada;
  expect(await revokeOperator(ctx, { id: last.id })).toMatchObject({ code: "CONFLICT" });
  expect(await updateOperator(ctx, { id: last.id, shop: "berlin" })).toMatchObject({ code: "CONFLICT" });
  expect(isRefusal(await updateOperator(ctx, { id: last.id, name: "Still here" }))).toBe(false);
});

test("all tokens of a person go together, once, and that stands in the history of each", async () => {
  const { ctx } = await openLedger();
  await admin(ctx, "Root");
  const { id } = await admin(ctx, "Kim");
  accepted(await createToken(ctx, token("laptop", "Kim")));
  for (let times = 0; times < 2; times++) expect(accepted(await revokeOperator(ctx, { id }))).toMatchObject({ id });
  expect((await listTokens(ctx, { operator: id, limit: 9 })).map(({ revokedAt }) => typeof revokedAt)).toEqual([
    "number",
    "number",
  ]);
  expect((await historyOf(ctx, subjectOf("operator", id)))[0]).toMatchObject({ what: "lost all tokens: 2" });
  expect((await historyOf(ctx, subjectOf("token", 3)))[0]).toMatchObject({ what: "revoked" });
});

test("operators are listed by name, text and shop", async () => {
  const { ctx } = await openLedger();
  for (const [name, shop] of [
    ["Zoe", ""],
    ["Ada", "berlin"],
    ["ben", "berlin"],
  ] as const)
    await admin(ctx, name, shop);
  const names = async (asked: object) => (await listOperators(ctx, { limit: 9, ...asked })).map(({ name }) => name);
  expect(await names({ order: "NAME" })).toEqual(["Ada", "ben", "Zoe"]);
  expect(await names({ order: "NEWEST", after: 3 })).toEqual(["Ada", "Zoe"]);
  expect(await names({ shop: "berlin", order: "OLDEST" })).toEqual(["Ada", "ben"]);
  expect(await names({ shop: "" })).toEqual(["Zoe"]);
  expect(await names({ search: "E", order: "OLDEST" })).toEqual(["Zoe", "ben"]);
  expect(await countOperators(ctx, { shop: "berlin", search: "b" })).toBe(1);
});

test("tokens from before there were persons become persons by their names, and what they wrote is theirs", async () => {
  const dir = tempDir();
  const migrations = join(import.meta.dir, "../../migrations");
  const before = join(dir, "migrations");
  mkdirSync(before);
  for (const name of readdirSync(migrations).filter((each) => each < "0019"))
    cpSync(join(migrations, name), join(before, name));
  const db = await openDatabase({ url: `file:${join(dir, "old.db")}` }, realWorld);
  await migrate(db, Date.now, before);
  const old = (hash: string, name: string, kind: string, role: string | null) => sql`
    INSERT INTO access_token (hash, name, kind, role, created_at) VALUES (${hash}, ${name}, ${kind}, ${role}, 5)`;
  const campaign = (id: number, state: string, author: string, approver: string | null) => sql`
    INSERT INTO campaign (id, name, kind, state, topic, audience, channels, reach, content, author, approver,
      created_at, updated_at)
    VALUES (${id}, 'Old', 'ANNOUNCEMENT', ${state}, 'news', '{"segment":4}', '[]', 'EACH', '{}', ${author}, ${approver},
      1, 2)`;
  await db.write([
    old("a", "Kim", "operator", "admin"),
    old("b", "kim ", "operator", "editor"),
    old("c", "Kim", "service", null),
    old("d", "Ada", "operator", "approver"),
    sql`INSERT INTO segment VALUES (4, 'few', '{"level":{"eq":1}}', 1, 1)`,
    campaign(1, "DRAFT", "operator kim", null),
    campaign(2, "ACTIVE", "operator Ada", null),
    campaign(3, "ACTIVE", "operator Ada", "operator Kim"),
  ]);
  await migrate(db, Date.now);
  const tokens = await listTokens({ ...realWorld, db } as never, { limit: 9 });
  expect(tokens.map((each) => ("operator" in each ? each.operator : null))).toEqual([
    { id: 1, name: "Kim", shop: "" },
    { id: 1, name: "Kim", shop: "" },
    null,
    { id: 2, name: "Ada", shop: "" },
  ]);
  const written = await db.all<object>(sql`SELECT subject, version, author FROM revision ORDER BY subject`);
  expect(written).toEqual([
    { subject: "campaign/1", version: 1, author: "operator/1" },
    { subject: "campaign/2", version: 1, author: "operator/2" },
    { subject: "campaign/3", version: 1, author: "operator/2" },
  ]);
  // Nobody counted then: what was launched without approval waits when it has more than needs none.
  const frozen = await db.all<object>(sql`
    SELECT id, frozen ->> '$.members' AS members, frozen ->> '$.audience' AS audience FROM campaign ORDER BY id`);
  expect(frozen).toEqual([
    { id: 1, members: null, audience: null },
    { id: 2, members: 0, audience: '{"filter":{"level":{"eq":1}}}' },
    { id: 3, members: null, audience: '{"filter":{"level":{"eq":1}}}' },
  ]);
  await db.close();
});
