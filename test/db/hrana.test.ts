import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Client, createClient, type LibsqlError } from "@libsql/client";
import { startHrana } from "../support/hrana.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const server = await startHrana(join(tempDir(), "remote.db"), { authToken: "sesame", streamExpiryMs: 300 });
const client = createClient({ url: server.url, authToken: "sesame", intMode: "bigint" });
afterAll(async () => {
  client.close();
  await server.stop();
});

beforeEach(async () => {
  await client.executeMultiple(`
    DROP TABLE IF EXISTS thing;
    CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER CHECK (n IS NULL OR n >= 0), data BLOB);
  `);
});

const faultOf = (work: Promise<unknown>): Promise<LibsqlError> =>
  work.then(
    () => expect.unreachable(),
    (fault) => fault,
  );
const count = async (on: Client = client) => (await on.execute("SELECT count(*) FROM thing")).rows[0]?.[0];

describe("a statement", () => {
  test("brings back its columns, rows, changes and row id", async () => {
    const inserted = await client.execute({ sql: "INSERT INTO thing (name, n) VALUES (?, ?)", args: ["a", 1n] });
    expect(inserted).toMatchObject({ rowsAffected: 1, lastInsertRowid: 1n, columns: [] });
    const read = await client.execute("SELECT id, name AS title, n + 0.5 FROM thing");
    expect(read.columns).toEqual(["id", "title", "n + 0.5"]);
    expect(read.columnTypes).toEqual(["INTEGER", "TEXT", ""]);
    expect(Array.from(read.rows[0]!)).toEqual([1n, "a", 1.5]);
    expect(read.rowsAffected).toBe(0);
  });

  test("counts what RETURNING changed, and not what a trigger did", async () => {
    await client.executeMultiple(`
      CREATE TRIGGER echo AFTER INSERT ON thing WHEN NEW.n > 0 BEGIN INSERT INTO thing (n) VALUES (0); END;
    `);
    const result = await client.execute("INSERT INTO thing (name, n) VALUES ('a', 1), ('b', 2) RETURNING name");
    expect(result.rows.map((row) => row.name)).toEqual(["a", "b"]);
    expect(result.rowsAffected).toBe(2);
    expect(await count()).toBe(4n);
  });

  test("takes and gives integers of 64 bits, blobs, nulls and every text", async () => {
    const big = 9_223_372_036_854_775_807n;
    const bytes = new Uint8Array([0, 1, 254, 255]);
    const text = "naïve 🎉 'quoted'\n\u0001";
    await client.execute({ sql: "INSERT INTO thing VALUES (?, ?, ?, ?)", args: [-big, text, big, bytes] });
    await client.execute({ sql: "INSERT INTO thing VALUES (1, ?, ?, ?)", args: [null, null, new Uint8Array()] });
    const { rows } = await client.execute("SELECT * FROM thing ORDER BY id");
    expect(rows[0]).toMatchObject({ id: -big, name: text, n: big });
    expect(new Uint8Array(rows[0]!.data as ArrayBuffer)).toEqual(bytes);
    expect(rows[1]).toMatchObject({ name: null, n: null });
    expect((rows[1]!.data as ArrayBuffer).byteLength).toBe(0);
  });

  test("takes named arguments with any prefix", async () => {
    const { rows } = await client.execute({ sql: "SELECT :a, @b, $c", args: { a: 1n, b: "two", c: null } });
    expect(Array.from(rows[0]!)).toEqual([1n, "two", null]);
  });

  test("refuses an integer that a number cannot hold when numbers were asked for", async () => {
    const numbers = createClient({ url: server.url, authToken: "sesame", intMode: "number" });
    await expect(numbers.execute("SELECT 9007199254740993")).rejects.toThrow("too large");
    numbers.close();
  });
});

describe("a fault", () => {
  test.each([
    [
      "UNIQUE",
      "INSERT INTO thing (name) VALUES ('a'), ('a')",
      "SQLITE_CONSTRAINT",
      "UNIQUE constraint failed: thing.name",
    ],
    ["CHECK", "INSERT INTO thing (n) VALUES (-1)", "SQLITE_CONSTRAINT", "CHECK constraint failed"],
    ["a missing table", "SELECT * FROM absent", "SQL_INPUT_ERROR", "no such table: absent"],
    ["a broken statement", "SELEC 1", "SQL_INPUT_ERROR", "syntax error"],
    ["a failed function", "SELECT json('{')", "SQLITE_UNKNOWN", "malformed JSON"],
  ])("of %s reaches the client with its code", async (_, sql, code, message) => {
    const fault = await faultOf(client.execute(sql));
    expect(fault).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("of a trigger's RAISE is a constraint's", async () => {
    await client.executeMultiple(
      "CREATE TRIGGER no BEFORE INSERT ON thing BEGIN SELECT RAISE(ABORT, 'closed today'); END;",
    );
    expect(await faultOf(client.execute("INSERT INTO thing (n) VALUES (1)"))).toMatchObject({
      code: "SQLITE_CONSTRAINT",
      message: expect.stringContaining("closed today"),
    });
  });

  test("of a missing or wrong token is the server's", async () => {
    const stranger = createClient({ url: server.url, authToken: "guess" });
    expect(await faultOf(stranger.execute("SELECT 1"))).toMatchObject({
      code: "SERVER_ERROR",
      message: expect.stringContaining("401"),
    });
    stranger.close();
  });
});

describe("a batch", () => {
  test("of writes is one round trip and gives every result", async () => {
    const before = server.requests;
    const results = await client.batch(
      [
        "INSERT INTO thing (name) VALUES ('a')",
        { sql: "INSERT INTO thing (name) VALUES (?) RETURNING id", args: ["b"] },
        "SELECT name FROM thing ORDER BY id",
      ],
      "write",
    );
    expect(server.requests - before).toBe(1);
    expect(results.map(({ rowsAffected }) => rowsAffected)).toEqual([1, 1, 0]);
    expect(results[2]?.rows.map((row) => row.name)).toEqual(["a", "b"]);
  });

  test("is all or nothing, and names the statement that failed", async () => {
    const fault = await faultOf(
      client.batch(
        ["INSERT INTO thing (name) VALUES ('a')", "INSERT INTO thing (n) VALUES (-1)", "DELETE FROM thing"],
        "write",
      ),
    );
    expect(fault).toMatchObject({ code: "SQLITE_CONSTRAINT", statementIndex: 1 });
    expect(await count()).toBe(0n);
    expect(server.streams).toBe(0);
  });

  test("repeats a statement by its stored text", async () => {
    const statements = Array.from({ length: 80 }, (_, i) => ({
      sql: "INSERT INTO thing (name) VALUES (?)",
      args: [`n${i}`],
    }));
    await client.batch(statements, "write");
    expect(await count()).toBe(80n);
  });

  test("many at once wait for one another", async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.batch([`INSERT INTO thing (n) VALUES (${i})`], "write")),
    );
    expect(await count()).toBe(20n);
  });

  test("whose answer is lost has been done all the same", async () => {
    server.loseNextAnswer();
    expect(await faultOf(client.batch(["INSERT INTO thing (n) VALUES (1)"], "write"))).toMatchObject({
      code: "SERVER_ERROR",
    });
    expect(await count()).toBe(1n);
  });

  test("of migrations runs with foreign keys off, and leaves them on", async () => {
    await client.migrate([
      "CREATE TABLE IF NOT EXISTS part (thing INTEGER REFERENCES thing)",
      "INSERT INTO part VALUES (77)",
    ]);
    await expect(client.execute("INSERT INTO part VALUES (78)")).rejects.toThrow("FOREIGN KEY");
    await client.execute("DROP TABLE part");
  });
});

describe("an interactive transaction", () => {
  test("shows its work to others only when it commits", async () => {
    const tx = await client.transaction("write");
    await tx.execute("INSERT INTO thing (name) VALUES ('a')");
    expect((await tx.execute("SELECT count(*) FROM thing")).rows[0]?.[0]).toBe(1n);
    expect(await count()).toBe(0n);
    await tx.commit();
    expect(await count()).toBe(1n);
    expect(tx.closed).toBe(true);
  });

  test("goes on after a statement failed, and rolls back when told to or closed", async () => {
    const tx = await client.transaction("write");
    await tx.execute("INSERT INTO thing (name) VALUES ('a')");
    await expect(tx.execute("INSERT INTO thing (name) VALUES ('a')")).rejects.toThrow("UNIQUE");
    await tx.batch(["INSERT INTO thing (name) VALUES ('b')"]);
    await tx.executeMultiple("INSERT INTO thing (name) VALUES ('c'); INSERT INTO thing (name) VALUES ('d');");
    await tx.rollback();
    const closed = await client.transaction("write");
    await closed.execute("INSERT INTO thing (name) VALUES ('e')");
    closed.close();
    await until(() => server.streams === 0);
    expect(await count()).toBe(0n);
  });

  test("makes another writer wait until it ends", async () => {
    const tx = await client.transaction("write");
    await tx.execute("INSERT INTO thing (name) VALUES ('first')");
    const waiting = client.execute("INSERT INTO thing (name) VALUES ('second')");
    await tx.commit();
    expect((await waiting).lastInsertRowid).toBe(2n);
  });

  test("that idles is rolled back with its stream, and says so", async () => {
    const tx = await client.transaction("write");
    await tx.execute("INSERT INTO thing (name) VALUES ('a')");
    await until(() => server.streams === 0);
    expect(await faultOf(tx.execute("SELECT 1"))).toMatchObject({ code: "STREAM_EXPIRED" });
    expect(await count()).toBe(0n);
    await client.execute("INSERT INTO thing (name) VALUES ('a')");
  });
});
