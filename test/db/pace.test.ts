import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { openTestDatabase } from "../support/database.ts";

const db = await openTestDatabase();
afterAll(() => db.close());

/** Keeps the database busy for a good while, and changes nothing. */
const heavy = sql`
  DELETE FROM outbox WHERE (
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n) < 0`;

test("writes that take their time are not all done in one turn of the event loop", async () => {
  let turns = 0;
  const tick = () => {
    turns++;
    if (turns < 1_000_000) timer = setImmediate(tick);
  };
  let timer = setImmediate(tick);
  await db.write([sql`INSERT INTO outbox (id, name, payload, subject, created_at) VALUES ('a', 'a', '{}', 'a', 0)`]);
  await db.write([heavy]);
  const seen: number[] = [];
  const each = Array.from({ length: 6 }, async () => {
    await db.write([heavy]);
    seen.push(turns);
  });
  await Promise.all(each);
  clearImmediate(timer);
  expect(new Set(seen).size).toBe(6);
});
