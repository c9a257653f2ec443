import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { field, rows } from "../../src/db/bulk.ts";
import { openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";
import { startHrana } from "../support/hrana.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const server = await startHrana(join(tempDir(), "remote.db"), { authToken: "sesame" });
let db: RootDatabase;

beforeAll(async () => {
  db = await openDatabase({ url: server.url, authToken: "sesame" }, realWorld);
  await db.write([sql`CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)`]);
});
afterAll(async () => {
  await db.close();
  await server.stop();
});

const names = async () => (await db.all<{ name: string }>(sql`SELECT name FROM thing ORDER BY id`)).map((t) => t.name);
const insert = (name: string, n = 0) => sql`INSERT INTO thing (name, n) VALUES (${name}, ${n})`;

test("a server that takes a call and never answers is away: those who wait behind it go on", async () => {
  let writes = 0;
  const silent = Bun.serve({
    port: 0,
    fetch: (request) => {
      if (request.method === "POST" && ++writes === 1) return new Promise<never>(() => {});
      const { pathname } = new URL(request.url);
      return fetch(new Request(new URL(pathname, server.url), request));
    },
  });
  const url = `http://127.0.0.1:${silent.port}`;
  const behind = await openDatabase({ url, authToken: "sesame", answerMs: 300 }, realWorld);
  const unheard = behind.write([insert("unheard")]);
  await until(() => writes > 0);
  const answers = await Promise.allSettled([unheard, behind.write([insert("next")])]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  await behind.write([sql`DELETE FROM thing`]);
  await behind.close();
  await silent.stop(true);
});

test("a remote database takes every migration, once, in one go", async () => {
  const remote = await startHrana(join(tempDir(), "migrated.db"));
  const [one, other] = await Promise.all([
    openDatabase({ url: remote.url }, realWorld),
    openDatabase({ url: remote.url }, realWorld),
  ]);
  const applied = await Promise.all([migrate(one, Date.now), migrate(other, Date.now)]);
  expect(applied.map((list) => list.length > 0).sort()).toEqual([false, true]);
  expect(await migrate(one, Date.now)).toEqual([]);
  expect(remote.requests).toBeLessThan(12);
  await one.close();
  await other.close();
  await remote.stop();
});

test("a remote database whose answer to its migrations is lost is found to be migrated", async () => {
  const remote = await startHrana(join(tempDir(), "migrated.db"));
  const one = await openDatabase({ url: remote.url }, realWorld);
  await migrate(one, () => {
    remote.loseNextAnswer(); // it is about to be asked
    return Date.now();
  });
  expect(await one.all(sql`SELECT name FROM migration`)).not.toEqual([]);
  await one.close();
  await remote.stop();
});

test("writes that wait together share a round trip, and a faulty one harms no other", async () => {
  await db.write([sql`DELETE FROM thing`]);
  const before = server.requests;
  await Promise.all(["a", "b", "c"].map((name) => db.write([insert(name)])));
  expect(server.requests - before).toBe(1);
  const answers = await Promise.allSettled([db.write([insert("d")]), db.write([insert("a")]), db.write([insert("e")])]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await names()).toEqual(["a", "b", "c", "d", "e"]);
});

test("one write is all or nothing, and its fault is a constraint's", async () => {
  await db.write([sql`DELETE FROM thing`]);
  const fault = await db.write([insert("a"), insert("a")]).catch((thrown) => thrown);
  expect(fault.code).toBe("SQLITE_CONSTRAINT");
  expect(await names()).toEqual([]);
});

test("RETURNING answers rows and their number", async () => {
  await db.write([sql`DELETE FROM thing`]);
  const [result] = await db.write([sql`INSERT INTO thing (name) VALUES ('a'), ('b') RETURNING name`]);
  expect(result?.rows.map((row) => row.name)).toEqual(["a", "b"]);
});

test("a bulk statement reads its rows from one argument", async () => {
  await db.write([sql`DELETE FROM thing`]);
  const list = Array.from({ length: 1_000 }, (_, i) => ({ name: `n${i}`, n: i }));
  await db.write([sql`INSERT INTO thing (name, n) SELECT ${field("name")}, ${field("n")} FROM ${rows(list)}`]);
  expect(
    await db.first<{ count: number; sum: number }>(sql`SELECT count(*) AS count, sum(n) AS sum FROM thing`),
  ).toEqual({
    count: 1_000,
    sum: 499_500,
  });
});

test("a transaction sees its own writes, commits when its work resolves, leaves nothing when it throws", async () => {
  await db.write([sql`DELETE FROM thing`]);
  const seen = await db.transaction(async (tx) => {
    await tx.write([insert("a", 1)]);
    return tx.transaction(async (nested) => {
      await nested.write([sql`UPDATE thing SET n = n + 1`]);
      return nested.first<{ n: number }>(sql`SELECT n FROM thing`);
    });
  });
  expect(seen).toMatchObject({ n: 2 });
  const failing = db.transaction(async (tx) => {
    await tx.write([insert("b")]);
    throw new Error("changed my mind");
  });
  await expect(failing).rejects.toThrow("changed my mind");
  expect(await names()).toEqual(["a"]);
});

test("two processes' transactions on one remote database are taken one after the other", async () => {
  await db.write([sql`DELETE FROM thing`, insert("counter", 0)]);
  const other = await openDatabase({ url: server.url, authToken: "sesame" }, realWorld);
  const addOne = (on: RootDatabase) =>
    on.transaction(async (tx) => {
      const row = await tx.first<{ n: number }>(sql`SELECT n FROM thing`);
      await tx.write([sql`UPDATE thing SET n = ${(row?.n ?? 0) + 1}`]);
    });
  await Promise.all(Array.from({ length: 20 }, (_, i) => addOne(i % 2 ? db : other)));
  expect(await db.first<{ n: number }>(sql`SELECT n FROM thing`)).toMatchObject({ n: 20 });
  await other.close();
});

test("a query answers the same from a file and over the protocol", async () => {
  const local = await openDatabase({ url: `file:${join(tempDir(), "local.db")}` }, realWorld);
  const answers = (on: RootDatabase) =>
    Promise.all([
      on.first(
        sql`SELECT typeof(${5}) AS whole, typeof(${1.5}) AS part, typeof(${null}) AS none, typeof(${"5"}) AS text`,
      ),
      on.first(sql`SELECT json_object('n', ${5}, 's', ${"é"}) AS json, CAST(${5} AS INTEGER) AS n`),
      on.first(sql`SELECT ${true} AS yes, ${new Uint8Array([1, 2])} AS bytes, 3 / 2 AS floor, 9007199254740991 AS big`),
      on.all(sql`SELECT value FROM json_each('[1, 2.5, "x", null]') LIMIT ${3}`),
      on.first(sql`SELECT 1 WHERE 0`),
    ]);
  expect(await answers(db)).toEqual(await answers(local));
  await local.close();
});

test("a writer that hears SQLITE_BUSY comes again, and reads under way are not hurt", async () => {
  const path = join(tempDir(), "busy.db");
  const remote = await startHrana(path, { lockPatienceMs: 20 });
  const [one, other] = await Promise.all([
    openDatabase({ url: remote.url }, realWorld),
    openDatabase({ url: remote.url }, realWorld),
  ]);
  await one.write([sql`CREATE TABLE counter (n INTEGER)`, sql`INSERT INTO counter VALUES (0)`]);
  const add = sql`UPDATE counter SET n = n + 1`;
  const release = Promise.withResolvers<void>();
  const holding = other.transaction(async (tx) => {
    await tx.write([add]);
    await release.promise;
  });
  const writing = one.write([add]);
  const reads: Promise<unknown>[] = [];
  const before = remote.requests;
  for (let i = 0; i < 50; i++) {
    reads.push(one.all(sql`SELECT n FROM counter`));
    await Bun.sleep(3); // the writer tries in between
  }
  expect(remote.requests - before - reads.length).toBeGreaterThan(1); // the writer's attempts so far
  release.resolve();
  await holding;
  await writing;
  expect((await Promise.allSettled(reads)).filter(({ status }) => status === "rejected")).toEqual([]);
  expect(await one.first<{ n: number }>(sql`SELECT n FROM counter`)).toMatchObject({ n: 2 });
  await one.close();
  await other.close();
  await remote.stop();
});

/** Has the server take the lock away before a statement like this, so many times. */
function undoBefore(statement: RegExp, times = 1): () => number {
  let left = times;
  server.undoBefore((text) => statement.test(text) && left-- > 0);
  return () => times - Math.max(0, left);
}

test("what the server took back, for others waited, is written again: both of two statements, once", async () => {
  await db.write([sql`DELETE FROM thing`]);
  const undone = undoBefore(/^UPDATE/, 2);
  await db.write([insert("a"), sql`UPDATE thing SET n = n + 1`]);
  expect(undone()).toBe(2);
  expect(await db.all(sql`SELECT name, n FROM thing`)).toEqual([{ name: "a", n: 1 }]);
});

test.each([
  ["its first statement", /^INSERT/],
  ["a later statement", /^UPDATE/],
  ["a look", /^SELECT/],
  ["its commit", /^COMMIT/],
])("a transaction that the server took back before %s is run again, whole", async (_, statement) => {
  await db.write([sql`DELETE FROM thing`]);
  const undone = undoBefore(statement);
  let runs = 0;
  const seen = await db.transaction(async (tx) => {
    runs++;
    await tx.write([insert("a")]);
    await tx.write([sql`UPDATE thing SET n = n + 1`]);
    return tx.first<{ n: number }>(sql`SELECT n FROM thing`);
  });
  expect([undone(), runs, seen?.n]).toEqual([1, 2, 1]);
  expect(await names()).toEqual(["a"]);
});

test("a transaction that was silent for so long that its stream ended is run again", async () => {
  const remote = await startHrana(join(tempDir(), "silent.db"), { streamExpiryMs: 30 });
  const one = await openDatabase({ url: remote.url }, realWorld);
  await one.write([sql`CREATE TABLE counter (n INTEGER)`]);
  let runs = 0;
  await one.transaction(async (tx) => {
    await tx.write([sql`INSERT INTO counter VALUES (1)`]);
    if (++runs === 1) await until(() => remote.streams === 0);
  });
  expect([runs, await one.all<{ n: number }>(sql`SELECT n FROM counter`)]).toEqual([2, [{ n: 1 }]]);
  await one.close();
  await remote.stop();
});

test("nothing of a transaction that was taken back stays, although its work did not mind", async () => {
  await db.write([sql`DELETE FROM thing`]);
  undoBefore(/^UPDATE/);
  let runs = 0;
  await db.transaction(async (tx) => {
    runs++;
    await tx.write([insert("before")]);
    const [updated] = await Promise.allSettled([
      tx.write([sql`UPDATE thing SET n = 1`]),
      tx.write([insert(`beside-${runs}`)]),
    ]);
    if (updated.status === "rejected") await tx.write([insert(`after-${runs}`)]).catch(() => {});
  });
  expect(await names()).toEqual(["before", "beside-2"]);
});

test("a list that is too long for one answer is read in pieces, in its order", async () => {
  const remote = await startHrana(join(tempDir(), "long.db"), { answerBytes: 3_000 });
  const one = await openDatabase({ url: remote.url }, realWorld);
  const list = Array.from({ length: 23 }, (_, n) => ({ n, text: String(n).repeat(n < 20 ? 10 : 600) }));
  await one.write([
    sql`CREATE TABLE long (n INTEGER, text TEXT)`,
    sql`INSERT INTO long SELECT ${field("n")}, ${field("text")} FROM ${rows(list)}`,
  ]);
  const read = sql`WITH some AS (SELECT n, text FROM long WHERE n > ${2}) SELECT * FROM some ORDER BY n DESC`;
  expect(await one.all<{ n: number; text: string }>(read)).toEqual(list.slice(3).reverse());
  await one.write([sql`UPDATE long SET text = ${"x".repeat(3_000)} WHERE n = 1`]);
  await expect(one.all(sql`SELECT * FROM long`)).rejects.toThrow("too large");
  await one.close();
  await remote.stop();
});

test("who holds the lock while others wait loses it, and comes again when they are done", async () => {
  const remote = await startHrana(join(tempDir(), "steal.db"), { stealAfterMs: 20 });
  const [one, other] = await Promise.all([
    openDatabase({ url: remote.url }, realWorld),
    openDatabase({ url: remote.url }, realWorld),
  ]);
  await one.write([sql`CREATE TABLE counter (n INTEGER)`, sql`INSERT INTO counter VALUES (0)`]);
  const add = sql`UPDATE counter SET n = n + 1`;
  let runs = 0;
  const held = Promise.withResolvers<void>();
  const slow = one.transaction(async (tx) => {
    runs++;
    await tx.write([add]);
    held.resolve();
    if (runs === 1) await writing;
    await tx.write([add]);
  });
  const writing = held.promise.then(() => other.write([add]));
  await slow;
  expect([runs, await one.first<{ n: number }>(sql`SELECT n FROM counter`)]).toEqual([2, { n: 3 }]);
  await one.close();
  await other.close();
  await remote.stop();
});

test("an answer that is lost is an error, not a second write", async () => {
  await db.write([sql`DELETE FROM thing`]);
  server.loseNextAnswer();
  await expect(db.write([insert("a")])).rejects.toThrow("502");
  expect(await names()).toEqual(["a"]);
});

test("a wrong token is refused at the first statement", async () => {
  const stranger = await openDatabase({ url: server.url, authToken: "guess" }, realWorld);
  await expect(stranger.all(sql`SELECT 1`)).rejects.toThrow("401");
  await stranger.close();
});
