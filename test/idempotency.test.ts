import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Actor } from "../src/actor.ts";
import type { Context } from "../src/context.ts";
import type { RootDatabase } from "../src/db/client.ts";
import { isRefusal, refuse } from "../src/errors.ts";
import { once } from "../src/idempotency.ts";
import { openTestDatabase } from "./support/database.ts";
import { testContext } from "./support/graphql.ts";

let db: RootDatabase;
let ctx: Context;
beforeAll(async () => {
  db = await openTestDatabase();
  ctx = testContext(db);
  await db.write([sql`CREATE TABLE made (name TEXT)`]);
});
afterAll(() => db.close());

const make = (name: string, by: Context = ctx) => ({
  key: name,
  input: { name },
  work: async (tx: Context) => {
    await tx.db.write([sql`INSERT INTO made VALUES (${name})`]);
    return { name, by: by.actor.kind };
  },
});
const count = async (name: string) => (await db.all(sql`SELECT 1 FROM made WHERE name = ${name}`)).length;

test("I6 asked many times at once with one key, it is done once and answers all the same", async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => once(ctx, make("a"))));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await count("a")).toBe(1);
});

test("I6 the order of an input's keys says nothing, its values do", async () => {
  const asked = (input: unknown) => once(ctx, { ...make("b"), input });
  const first = await asked({ x: 1, y: { z: [1, 2] } });
  expect(await asked({ y: { z: [1, 2] }, x: 1 })).toEqual(first);
  expect(await asked({ x: 1, y: { z: [2, 1] } })).toMatchObject({ code: "CONFLICT" });
});

test("I6 a key is its caller's own, and of a person only while in the same shop", async () => {
  const ann: Actor = { kind: "operator", id: 1, operator: 1, shop: "", name: "same name", role: "editor" };
  for (const actor of [ann, { ...ann, id: 2 }, { ...ann, shop: "A" }]) await once({ ...ctx, actor }, make("c"));
  expect(await count("c")).toBe(3);
});

test("a person who works for another shop now is not told what was made for the one before", async () => {
  const of = (shop: string): Context => {
    return { ...ctx, actor: { kind: "operator", id: 3, operator: 1, shop, name: "Ann", role: "editor" } };
  };
  const made = (shop: string) => once(of(shop), { ...make("moved"), work: async () => ({ shop }) });
  for (const shop of ["", "a", "b", "a"]) expect(await made(shop)).toEqual({ shop });
});

test("I6 a refusal leaves nothing behind, neither what was written before it nor its key", async () => {
  const refusing = async (tx: Context) => {
    await tx.db.write([sql`INSERT INTO made VALUES ('d')`]);
    return refuse.conflict("no");
  };
  expect(isRefusal(await once(ctx, { ...make("d"), work: refusing }))).toBe(true);
  expect(await count("d")).toBe(0);
  expect(isRefusal(await once(ctx, { ...make("d"), check: async () => refuse.conflict("not yet") }))).toBe(true);
  expect(await once(ctx, make("d"))).toMatchObject({ name: "d" });
});

test("a key has 1 to 200 characters; without one it is done each time", async () => {
  expect(await once(ctx, { ...make("e"), key: "" })).toMatchObject({ code: "INVALID_INPUT" });
  expect(await once(ctx, { ...make("e"), key: "k".repeat(201) })).toMatchObject({ code: "INVALID_INPUT" });
  for (let i = 0; i < 2; i++) await once(ctx, { ...make("e"), key: undefined });
  expect(await count("e")).toBe(2);
});
