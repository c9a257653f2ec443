import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { migrate, statementsOf } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "../support/database.ts";
import { tempDir } from "../support/temp.ts";

function folderOf(files: Readonly<Record<string, string>>): string {
  const dir = join(tempDir(), "migrations");
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const first = { "0001_a.sql": "CREATE TABLE a (x INTEGER); -- the first\n" };
const second = { ...first, "0002_b.sql": "CREATE TABLE b (x INTEGER);\nINSERT INTO b VALUES (1);\n" };

const open = (path = join(tempDir(), "m.db")) => openDatabase({ url: `file:${path}` }, realWorld);

test("migrations run once, in order, and only new ones the next time", async () => {
  const db = await open();
  expect(await migrate(db, Date.now, folderOf(first))).toEqual(["0001_a.sql"]);
  expect(await migrate(db, Date.now, folderOf(second))).toEqual(["0002_b.sql"]);
  expect(await migrate(db, Date.now, folderOf(second))).toEqual([]);
  await db.close();
});

test("two processes that boot together migrate once", async () => {
  const path = join(tempDir(), "m.db");
  const [one, two] = [await open(path), await open(path)];
  const dir = folderOf(second);
  const done = await Promise.all([migrate(one, Date.now, dir), migrate(two, Date.now, dir)]);
  expect(done.flat().sort()).toEqual(["0001_a.sql", "0002_b.sql"]);
  expect(await one.all(sql`SELECT x FROM b`)).toHaveLength(1);
  await one.close();
  await two.close();
});

test("a faulty migration leaves nothing behind, not even those before it in the same boot", async () => {
  const db = await open();
  const dir = folderOf({ ...first, "0002_bad.sql": "CREATE TABLE c (x INTEGER);\nNONSENSE;\n" });
  await expect(migrate(db, Date.now, dir)).rejects.toThrow(/NONSENSE/);
  expect(await db.all(sql`SELECT name FROM sqlite_master WHERE type = 'table'`)).toEqual([]);
  await db.close();
});

test("data of another build is refused in words for the operator: which, made when, and what to do", async () => {
  const path = join(tempDir(), "m.db");
  const db = await open(path);
  await migrate(db, () => Date.UTC(2026, 9, 3), folderOf(first));
  const other = { ...second, "0001_a.sql": "CREATE TABLE z (x INTEGER);\n" };
  await expect(migrate(db, Date.now, folderOf(other))).rejects.toThrow(
    `${path} was made by another build of Fanfare, whose 0001_a.sql, applied on 2026-10-03, is not this one's. ` +
      "Run that build on it, or give this one a DATA_DIR or DATABASE_URL of its own; nothing was changed.",
  );
  expect(await migrate(db, Date.now, folderOf(first))).toEqual([]);
  await db.close();
});

test("data of a newer Fanfare is refused, too, and left as it is", async () => {
  const db = await open();
  await migrate(db, () => Date.UTC(2026, 9, 4), folderOf(second));
  const words = "on 2026-10-04 by a newer Fanfare (it knows 0002_b.sql): run that one, or a newer one; nothing was";
  await expect(migrate(db, Date.now, folderOf(first))).rejects.toThrow(words);
  expect(await migrate(db, Date.now, folderOf(second))).toEqual([]);
  await db.close();
});

test("statements end at a semicolon that ends a line; a trigger is one statement", () => {
  const trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE a SET x = 1;\nEND;";
  expect(statementsOf(`-- a comment; with a semicolon\nCREATE TABLE a (\n  x INTEGER\n);\n\n${trigger}\n`)).toEqual([
    "CREATE TABLE a (\n  x INTEGER\n);",
    trigger,
  ]);
  expect(() => statementsOf("CREATE TABLE a (")).toThrow(/ends inside a statement/);
});

test("what migrations since 0037 write of old rows they find by indexes: a million takes seconds", async () => {
  const db = await openTestDatabase();
  const dir = join(import.meta.dir, "../../migrations");
  const later = readdirSync(dir).filter((name) => name > "0037");
  const updates = later
    .flatMap((name) => statementsOf(readFileSync(join(dir, name), "utf8")))
    .filter((statement) => /^\s*(--[^\n]*\n\s*)*UPDATE/.test(statement));
  expect(updates.length).toBeGreaterThan(4);
  for (const statement of updates) {
    const plan = await db.all<{ detail: string }>(sql`EXPLAIN QUERY PLAN ${sql.raw(statement)}`);
    const inner = plan.slice(plan.findIndex(({ detail }) => /CORRELATED/.test(detail)) + 1 || plan.length);
    // A company has some dozens of operators, and a cart some dozens of lines.
    const walked = inner.filter(({ detail }) => /^SCAN (?!o$|l VIRTUAL)/.test(detail));
    expect([statement, walked]).toEqual([statement, []]);
  }
  await db.close();
});
