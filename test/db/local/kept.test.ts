import { afterAll, afterEach, beforeAll, expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import Database from "libsql";
import { openDatabase, type RootDatabase } from "../../../src/db/client.ts";
import { realWorld } from "../../../src/world.ts";
import { tempDir } from "../../support/temp.ts";

const path = join(tempDir(), "kept.db");
const url = `file:${path}`;
let db: RootDatabase;
let other: RootDatabase;

beforeAll(async () => {
  [db, other] = [await openDatabase({ url }, realWorld), await openDatabase({ url }, realWorld)];
  await db.write([
    sql`CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER, body BLOB)`,
    sql`INSERT INTO thing (id, name, size) VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)`,
  ]);
});

afterAll(async () => {
  prepare.mockRestore();
  await db.close();
  await other.close();
});

const prepare = spyOn(Database.prototype, "prepare");
afterEach(() => void prepare.mockClear());
const timesPrepared = (text: string) => prepare.mock.calls.filter(([prepared]) => prepared.includes(text)).length;

/** A database that nothing holds can move all of its WAL into its file. */
async function isHeld(): Promise<boolean> {
  const [done] = await other.all<{ busy: number }>(sql`PRAGMA wal_checkpoint(TRUNCATE)`);
  return done?.busy !== 0;
}

test("a statement is kept from its second run on, and each run has the values of its own", async () => {
  const named = (id: number) => db.first<{ name: string }>(sql`SELECT name FROM thing WHERE id = ${id}`);
  const after = (id: number) => db.all<{ name: string }>(sql`SELECT name FROM thing WHERE id > ${id}`);
  for (let turn = 0; turn < 3; turn++) {
    expect([await named(1), await named(2), await named(9)].map((row) => row?.name)).toEqual(["a", "b", undefined]);
    expect([await after(2), await after(0), await after(9)].map((rows) => rows.length)).toEqual([1, 3, 0]);
  }
  expect(timesPrepared("WHERE id = ?")).toBe(2);
  expect(timesPrepared("WHERE id > ?")).toBe(2);
});

test("one text that is asked for the first row and for all takes new values each time", async () => {
  const query = (size: number) => sql`SELECT id FROM thing WHERE size >= ${size} ORDER BY id`;
  const answers: unknown[] = [];
  for (const size of [10, 20, 30, 20, 10]) {
    answers.push([(await db.first<{ id: number }>(query(size)))?.id, (await db.all(query(size))).length]);
  }
  expect(answers).toEqual([1, 2, 3, 2, 1].map((id) => [id, 4 - id]));
});

test("a value that is not given is NULL, not the former run's", async () => {
  const text = "SELECT ? AS a, ? AS b";
  for (const b of [7, 8]) await db.all({ sql: text, args: [1n, BigInt(b)] });
  expect(await db.all({ sql: text, args: [1n] })).toMatchObject([{ a: 1, b: null }]);
});

test("what fails in the middle holds nothing, and the same text goes on", async () => {
  const read = (texts: string[]) =>
    db.all(
      sql`SELECT json(value ->> 'text') AS text FROM json_each(${JSON.stringify(texts.map((text) => ({ text })))})`,
    );
  const add = (id: number, name: string) => db.write([sql`INSERT INTO thing (id, name) VALUES (${id}, ${name})`]);
  for (let turn = 0; turn < 3; turn++) {
    expect(await read(["[]", "[1]"])).toHaveLength(2);
    await expect(read(["[]", "{"])).rejects.toThrow(/malformed JSON/);
    await add(10 + turn, `n${turn}`);
    await expect(add(20, `n${turn}`)).rejects.toMatchObject({
      code: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_UNIQUE",
      rawCode: 2067,
      statementIndex: 0,
      message: "SQLITE_CONSTRAINT: UNIQUE constraint failed: thing.name",
    });
    expect(await isHeld()).toBe(false);
  }
  expect(await read(["[]"])).toMatchObject([{ text: "[]" }]);
  await db.write([sql`DELETE FROM thing WHERE id >= 10`]);
});

test("a kept read sees at once what another connection wrote, and its columns as they are by then", async () => {
  const read = () => db.all(sql`SELECT * FROM thing WHERE id = ${3}`);
  for (let turn = 0; turn < 3; turn++) expect(await read()).toMatchObject([{ name: "c" }]);
  await other.write([sql`UPDATE thing SET name = 'd' WHERE id = 3`]);
  expect(await read()).toMatchObject([{ name: "d" }]);
  await other.write([sql`ALTER TABLE thing ADD COLUMN colour TEXT DEFAULT 'red'`]);
  expect(await read()).toMatchObject([{ name: "d", colour: "red" }]);
  await other.write([sql`ALTER TABLE thing RENAME COLUMN colour TO tint`]);
  expect(Object.keys((await read())[0] as object)).toEqual(["id", "name", "size", "body", "tint"]);
});

test("what is asked once pushes out nothing, and of too many that are kept the least used goes", async () => {
  const hot = () => db.all(sql`SELECT 'hot'`);
  for (let turn = 0; turn < 2; turn++) await hot();
  for (let n = 0; n < 255; n++) await db.all(sql.raw(`SELECT 'once ${n}'`));
  await hot();
  expect(timesPrepared("'hot'")).toBe(2);
  for (let n = 0; n < 255; n++) {
    for (let turn = 0; turn < 2; turn++) await db.all(sql.raw(`SELECT 'twice ${n}'`));
    await hot();
  }
  expect(timesPrepared("'hot'")).toBe(2);
  await db.all(sql.raw("SELECT 'twice 254'"));
  await db.all(sql.raw("SELECT 'twice 0'"));
  expect([timesPrepared("'twice 254'"), timesPrepared("'twice 0'")]).toEqual([2, 3]);
});

test("a statement is kept with its long values, until there are 4 MiB of them: then the longest go", async () => {
  const length = (text: string) => db.first<{ n: number }>(sql`SELECT length(${text}) AS n`);
  const bytes = (text: string) => db.first<{ n: number }>(sql`SELECT octet_length(${text}) AS n`);
  for (const text of ["", "a", "x".repeat(3_000_000), "a", "x".repeat(3_000_000)]) await length(text);
  expect(timesPrepared("SELECT length")).toBe(2);
  for (const text of ["", "a", "x".repeat(2_000_000), "a"]) await bytes(text);
  expect(timesPrepared("SELECT octet_length")).toBe(2);
  expect(await length("a")).toMatchObject({ n: 1 });
  expect(timesPrepared("SELECT length")).toBe(3);
  expect(await length("x".repeat(5_000_000))).toMatchObject({ n: 5_000_000 });
  await length("a");
  expect(timesPrepared("SELECT length")).toBe(4);
  await bytes("a");
  expect(timesPrepared("SELECT octet_length")).toBe(2);
});

test("another's lock is waited for on one connection, with its statements, and nothing of the wait stays", async () => {
  const rename = (name: string) => db.write([sql`UPDATE thing SET name = ${name} WHERE id = 1`]);
  for (let turn = 0; turn < 2; turn++) await rename(`before ${turn}`);
  prepare.mockClear();
  const release = Promise.withResolvers<void>();
  const held = other.transaction(async (tx) => {
    await tx.write([sql`UPDATE thing SET size = 99 WHERE id = 1`]);
    await release.promise;
  });
  let isWritten = false;
  const written = rename("after").then(() => {
    isWritten = true;
  });
  for (let turn = 0; turn < 20; turn++) await Bun.sleep(1); // it comes back again and again meanwhile
  expect(isWritten).toBe(false);
  release.resolve();
  await Promise.all([held, written]);
  for (let turn = 0; turn < 3; turn++) await rename(`last ${turn}`);
  expect(await db.first(sql`SELECT name, size FROM thing WHERE id = 1`)).toMatchObject({ name: "last 2", size: 99 });
  expect([timesPrepared("PRAGMA journal_mode = WAL"), timesPrepared("SET name = ?")]).toEqual([0, 0]);
  expect(await isHeld()).toBe(false);
});
