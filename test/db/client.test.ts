import { expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { notifying } from "../../src/db/statement.ts";
import { realWorld } from "../../src/world.ts";
import { tempDir } from "../support/temp.ts";

async function openOne() {
  const path = join(tempDir(), "one.db");
  const db = await openDatabase({ url: `file:${path}` }, realWorld);
  await db.write([sql`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)`]);
  return { db, path };
}

test("I3 a local file is held in WAL mode with synchronous=FULL, and foreign keys hold", async () => {
  const { db } = await openOne();
  expect(await db.first(sql`PRAGMA journal_mode`)).toMatchObject({ journal_mode: "wal" });
  expect(await db.first(sql`PRAGMA synchronous`)).toMatchObject({ synchronous: 2 });
  expect(await db.first(sql`PRAGMA foreign_keys`)).toMatchObject({ foreign_keys: 1 });
  await db.close();
});

test("a batch is written whole or not at all", async () => {
  const { db } = await openOne();
  const faulty = db.write([sql`INSERT INTO t (v) VALUES ('a')`, sql`INSERT INTO t (v) VALUES ('a')`]);
  await expect(faulty).rejects.toThrow(/UNIQUE/);
  expect(await db.all(sql`SELECT v FROM t`)).toEqual([]);
  await db.close();
});

test("batches that wait together share a commit, and a faulty one harms no other", async () => {
  const { db } = await openOne();
  let commits = 0;
  db.onCommit("t", () => {
    commits++;
  });
  const insert = (v: string) => db.write([notifying("t", sql`INSERT INTO t (v) VALUES (${v})`)]);
  const values = ["a", "b", "a", "c"];
  const answers = await Promise.allSettled(values.map(insert));
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(await db.all(sql`SELECT v FROM t ORDER BY v`)).toMatchObject([{ v: "a" }, { v: "b" }, { v: "c" }]);

  commits = 0;
  await Promise.all(Array.from({ length: 50 }, (_, i) => insert(`n${i}`)));
  expect(commits).toBe(1);
  await db.close();
});

test("who listens to commits hears of those that notify him once they are durable, and wrote something", async () => {
  const { db } = await openOne();
  const heard: string[] = [];
  for (const name of ["one", "other"]) db.onCommit(name, () => heard.push(name));
  const insert = (v: string) => sql`INSERT INTO t (v) VALUES (${v})`;
  await db.write([insert("a")]);
  await db.write([insert("b"), notifying("one", insert("c")), notifying("one", insert("d"))]);
  expect(heard).toEqual(["one"]);
  await db.transaction(async (tx) => {
    await tx.write([notifying("other", insert("e"))]);
    expect(heard).toEqual(["one"]);
  });
  expect(heard).toEqual(["one", "other"]);
  await db.write([notifying("one", sql`INSERT INTO t (v) SELECT 'f' WHERE false`), insert("f")]);
  await expect(db.write([notifying("one", insert("a"))])).rejects.toThrow(/UNIQUE/);
  expect(heard).toEqual(["one", "other"]);
  await db.close();
});

test("each batch gets the results of its own statements, in order", async () => {
  const { db } = await openOne();
  const answers = await Promise.all(
    [1, 2, 3].map((n) =>
      db.write([
        sql`INSERT INTO t (id) VALUES (${n})`,
        sql`SELECT id FROM t WHERE id = ${n}`,
        sql`SELECT ${n} * 2 AS double`,
      ]),
    ),
  );
  expect(answers.map((results) => results.map(({ rows }) => rows[0]?.[0]))).toEqual([
    [undefined, 1, 2],
    [undefined, 2, 4],
    [undefined, 3, 6],
  ]);
  await db.close();
});

test("writes that arrive during a transaction wait for its end instead of deadlocking against it", async () => {
  const { db } = await openOne();
  const order: string[] = [];
  const transaction = db.transaction(async (tx) => {
    await tx.write([sql`INSERT INTO t (v) VALUES ('first')`]);
    await Bun.sleep(20); // the write has its chance to overtake
    order.push("transaction");
  });
  const write = db.write([sql`INSERT INTO t (v) VALUES ('second')`]).then(() => order.push("write"));
  await Promise.all([transaction, write]);
  expect(order).toEqual(["transaction", "write"]);
  await db.close();
});

test("a transaction that throws leaves nothing behind, and the queue goes on", async () => {
  const { db } = await openOne();
  const broken = db.transaction(async (tx) => {
    await tx.write([sql`INSERT INTO t (v) VALUES ('x')`]);
    throw new Error("broken");
  });
  await expect(broken).rejects.toThrow("broken");
  await db.write([sql`INSERT INTO t (v) VALUES ('y')`]);
  expect(await db.all(sql`SELECT v FROM t`)).toMatchObject([{ v: "y" }]);
  await db.close();
});

test("while another process holds the file, a write waits, blocks nothing here, and succeeds in the end", async () => {
  const { db, path } = await openOne();
  const holder = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../support/lock-holder.ts"), path, "INSERT INTO t (v) VALUES ('theirs')"],
    { stdin: "pipe", stdout: "pipe" },
  );
  await holder.stdout.getReader().read();
  const ours = db.write([sql`INSERT INTO t (v) VALUES ('ours')`]);
  let isWritten = false;
  void ours.then(() => {
    isWritten = true;
  });
  // The lock is held until this loop has turned so often: a write that blocked it would wait for ever.
  for (let turns = 0; turns < 50; turns++) await Bun.sleep(1);
  expect(isWritten).toBe(false);
  holder.stdin.write("go\n");
  await holder.stdin.end();
  await ours;
  expect(await db.all(sql`SELECT v FROM t ORDER BY v`)).toMatchObject([{ v: "ours" }, { v: "theirs" }]);
  expect(await holder.exited).toBe(0);
  await db.close();
});

test("whole numbers are integers in SQL, and fractions are not", async () => {
  const { db } = await openOne();
  expect(
    await db.first(sql`SELECT ${7} / ${2} AS whole, ${7.5} / ${2} AS fraction, typeof(${3}) AS kind`),
  ).toMatchObject({
    whole: 3,
    fraction: 3.75,
    kind: "integer",
  });
  await db.close();
});
