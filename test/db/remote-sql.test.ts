import { expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { realWorld } from "../../src/world.ts";
import { checkout } from "../support/fanfare.ts";
import { startHrana } from "../support/hrana.ts";
import { refusalOf } from "../support/hrana-refusals.ts";
import { tempDir } from "../support/temp.ts";

test.each([
  ["SELECT a FROM t HAVING count(*) > 0", "HAVING stands without GROUP BY"],
  ["SELECT (SELECT a FROM t GROUP BY a), b FROM u HAVING b", "HAVING stands without GROUP BY"],
  ["SELECT group_concat(DISTINCT a ORDER BY b) FROM t", "an aggregate has no ORDER BY in it"],
  ["CREATE TEMPORARY TABLE t (a)", "what is TEMP belongs to a connection"],
  ["PRAGMA journal_mode = WAL", "PRAGMA JOURNAL_MODE is not for clients"],
  ["PRAGMA optimize", "PRAGMA OPTIMIZE is not for clients"],
  ["VACUUM", "VACUUM is the server's own business"],
  ["ANALYZE send", "ANALYZE is the server's own business"],
  ["SELECT 1_000", "numbers have no underscores"],
])("libSQL's server refuses %s", (text, why) => {
  expect(refusalOf(text)).toBe(why);
});

test.each([
  "SELECT a FROM t GROUP BY a HAVING count(*) > 1 ORDER BY a",
  "SELECT a FROM t WHERE b IN (SELECT b FROM u ORDER BY b LIMIT 1)",
  "SELECT rank() OVER (PARTITION BY a ORDER BY b), max((SELECT a FROM u ORDER BY a)) FROM t",
  "WITH t (a) AS (SELECT 1 ORDER BY 1) SELECT 'HAVING', \"HAVING\" FROM t -- HAVING",
  "PRAGMA foreign_keys = on",
  "PRAGMA page_count",
])("libSQL's server takes %s", (text) => {
  expect(refusalOf(text)).toBeUndefined();
});

test("what the server refuses it refuses before it runs any of a batch", async () => {
  const server = await startHrana(join(tempDir(), "remote.db"));
  const db = await openDatabase({ url: server.url }, realWorld);
  const refused = db.write([sql`CREATE TABLE t (a)`, sql`SELECT a FROM t HAVING a`]);
  await expect(refused).rejects.toThrow("HAVING stands without GROUP BY");
  expect(await db.all(sql`SELECT name FROM sqlite_master`)).toEqual([]);
  await db.close();
  await server.stop();
});

/** The pieces of SQL in a source, with a name in place of what is put in. */
function piecesOf(source: string): string[] {
  const plain = source.replace(/\$\{[^{}`]*\}/g, " x ");
  return [...plain.matchAll(/sql`([^`]*)/g)].map(([, piece = ""]) => piece);
}

test("no SQL in the sources is such as a remote database refuses, run by a test or not", async () => {
  // What the queue and the sandbox keep is in files of their own.
  const own = /^src\/(queue\/broker|channels\/sandbox)\//;
  const files = [...new Bun.Glob("src/**/*.ts").scanSync(checkout)].filter((file) => !own.test(file));
  const refused: string[] = [];
  let pieces = 0;
  for (const file of files) {
    for (const piece of piecesOf(await Bun.file(join(checkout, file)).text())) {
      pieces++;
      const why = refusalOf(piece);
      if (why) refused.push(`${file}: ${why}`);
    }
  }
  expect(refused).toEqual([]);
  expect(pieces).toBeGreaterThan(500);
});
