import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { prepared } from "../../src/db/statement.ts";

test("a prepared query is made once, and takes its values by name, in the order of their places", () => {
  let made = 0;
  const query = prepared<{ member: number; now: number | null }>((it) => {
    made += 1;
    return sql`SELECT ${it.now}, ${"fixed"}, ${it.member} WHERE ${it.member} > ${it.now}`;
  });
  expect(query({ member: 7, now: 1.5 })).toEqual({
    sql: "SELECT ?, ?, ? WHERE ? > ?",
    args: [1.5, "fixed", 7n, 7n, 1.5],
  });
  expect(query({ member: 8, now: null }).args).toEqual([null, "fixed", 8n, 8n, null]);
  expect(made).toBe(1);
});
