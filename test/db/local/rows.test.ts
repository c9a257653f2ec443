import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { openDatabase, type RootDatabase } from "../../../src/db/client.ts";
import { openFile } from "../../../src/db/local/client.ts";
import { realWorld } from "../../../src/world.ts";
import { tempDir } from "../../support/temp.ts";

const url = `file:${join(tempDir(), "rows.db")}`;
const thing = sqliteTable("thing", { id: integer(), of: integer() });
let db: RootDatabase;

beforeAll(async () => {
  db = await openDatabase({ url }, realWorld);
  await db.write([
    sql`CREATE TABLE thing (id INTEGER PRIMARY KEY, of INTEGER)`,
    sql`INSERT INTO thing VALUES (1, 2), (2, 1)`,
  ]);
});

afterAll(() => db.close());

test("a row answers to names, to places and to its length, and a copy of it has the names alone", async () => {
  const [row] = await db.all<Record<string, unknown> & ArrayLike<unknown>>(sql`SELECT 1 AS a, 'x' AS b, NULL AS c`);
  expect([row?.a, row?.b, row?.c, row?.[0], row?.[1], row?.[2], row?.length]).toEqual([1, "x", null, 1, "x", null, 3]);
  expect(Array.from(row ?? [])).toEqual([1, "x", null]);
  expect({ ...row }).toEqual({ a: 1, b: "x", c: null });
  expect(JSON.stringify(row)).toBe('{"a":1,"b":"x","c":null}');
});

test("of columns of one name the first has it, and each has its place; names may be numbers, or length", async () => {
  const [row] = await db.all<ArrayLike<unknown>>(sql`SELECT 1 AS a, 2 AS a, 3 AS "1", 4 AS length`);
  expect(Array.from(row ?? [])).toEqual([1, 2, 3, 4]);
  expect(row).toMatchObject({ a: 1, length: 4 });
});

test("Drizzle's builder finds both of two columns of one name", async () => {
  const joined = db.orm.select().from(thing).innerJoin(sql`${thing} AS other`, sql`other.id = ${thing.of}`);
  expect(await joined.where(eq(thing.id, 1))).toMatchObject([{ thing: { id: 1, of: 2 } }]);
  const [both] = await db.orm.select({ id: thing.id, again: thing.id, of: thing.of }).from(thing).limit(1);
  expect(both).toEqual({ id: 1, again: 1, of: 2 });
});

test("values come as they were given: text, fractions, whole numbers up to 2^53, bytes", async () => {
  const bytes = new Uint8Array([0, 1, 255]);
  const row = await db.first<{ bytes: ArrayBuffer }>(
    sql`SELECT ${"äb"} AS text, ${1.5} AS half, ${2 ** 53 - 1} AS most, ${bytes} AS bytes, ${true} AS yes`,
  );
  expect(row).toMatchObject({ text: "äb", half: 1.5, most: 2 ** 53 - 1, yes: 1 });
  expect(row?.bytes).toBeInstanceOf(ArrayBuffer);
  expect(new Uint8Array(row?.bytes ?? new ArrayBuffer())).toEqual(bytes);
});

test("an integer beyond 2^53 throws where it is read, and a write that would answer one writes nothing", async () => {
  const tooMuch = 2n ** 53n + 1n;
  await expect(db.all(sql`SELECT ${tooMuch} AS n`)).rejects.toThrow(RangeError);
  await expect(db.first(sql`SELECT ${tooMuch} AS n`)).rejects.toThrow(RangeError);
  await expect(db.write([sql`INSERT INTO thing VALUES (7, ${tooMuch}) RETURNING of`])).rejects.toThrow(RangeError);
  expect(await db.all(sql`SELECT id FROM thing WHERE id = 7`)).toEqual([]);
});

test("what is written is counted, whether its rows are answered or not", async () => {
  const [some, answered] = await db.write([
    sql`UPDATE thing SET of = of`,
    sql`UPDATE thing SET of = of WHERE id = ${1} RETURNING id`,
  ]);
  expect([some?.rowsAffected, answered?.rowsAffected, answered?.rows]).toMatchObject([2, 1, [{ id: 1 }]]);
});

test("a transaction that has ended does nothing in the next one of its connection", async () => {
  const client = openFile({ url, busyTimeoutMs: 0, setUp: () => {} });
  const insert = { sql: "INSERT INTO thing VALUES (?, 0)", args: [50n] };
  const first = await client.transaction("write");
  first.close();
  const next = await client.transaction("write");
  await expect(first.batch([insert])).rejects.toMatchObject({ code: "TRANSACTION_CLOSED" });
  first.close();
  await next.batch([insert]);
  await next.commit();
  expect((await client.execute({ sql: "SELECT id FROM thing WHERE id = 50", args: [] })).values).toEqual([[50]]);
  client.close();
  await expect(client.execute(insert)).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
});

test("the address of a file names a path, and nothing else", () => {
  const open = (address: string) => openFile({ url: address, busyTimeoutMs: 0, setUp: () => {} }).close();
  for (const address of ["file://host/x.db", "file:", "file:/x.db?mode=ro", "file:/x.db#part", "/x.db"]) {
    expect(() => open(address)).toThrow(/is no address of a local file/);
  }
  const dir = tempDir();
  for (const address of [`file:${dir}/a%20b.db`, `file://${dir}/a.db`, `file://localhost${dir}/a.db`]) open(address);
});

test("a connection that met another's lock at BEGIN sees afterwards what that one wrote", async () => {
  const path = `file:${join(tempDir(), "lock.db")}`;
  const open = () => openFile({ url: path, busyTimeoutMs: 1, setUp: (run) => void run("PRAGMA journal_mode = WAL") });
  const [mine, others] = [open(), open()];
  const insert = { sql: "INSERT INTO thing VALUES (1)", args: [] };
  await mine.batch([{ sql: "CREATE TABLE thing (id INTEGER)", args: [] }], "write");
  const count = async () => (await mine.execute({ sql: "SELECT count(*) FROM thing", args: [] })).values[0]?.[0];
  const held = await others.transaction("write");
  await held.batch([insert]);
  await expect(mine.batch([insert], "write")).rejects.toMatchObject({ code: "SQLITE_BUSY" });
  expect(await count()).toBe(0);
  await held.commit();
  expect(await count()).toBe(1);
  for (const each of [mine, others]) each.close();
});
