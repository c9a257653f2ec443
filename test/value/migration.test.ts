import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { RootDatabase } from "../../src/db/client.ts";
import { statementsOf } from "../../src/db/migrate.ts";
import { openTestDatabase } from "../support/database.ts";

const migration = join(import.meta.dir, "../../migrations/0021_canonical_values.sql");

let db: RootDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

test("what earlier times took with blanks is found again, and two members are never made one", async () => {
  const people = ["4711 ", "\u00A04712\u200B", "4713", "4713 ", "erased:x", " "];
  const phones = ["+49015123456789", "+39061234567", "+4915123456789", "+15005550006", null, null];
  await db.write([
    sql`INSERT INTO member (id, external_id, phone, registered_at, updated_at)
        SELECT 'id' || e.key, e.value, ${JSON.stringify(phones)} ->> ('$[' || e.key || ']'), 1, 1
        FROM json_each(${JSON.stringify(people)}) e`,
    sql`INSERT INTO member_tag VALUES (1, 'vip'), (1, 'vip '), (2, ${"new\u200B"}), (3, 'VIP gold')`,
  ]);
  await db.write(statementsOf(await Bun.file(migration).text()).map((statement) => ({ sql: statement, args: [] })));
  expect(await db.all(sql`SELECT external_id AS id, phone FROM member ORDER BY seq`)).toEqual([
    { id: "4711", phone: "+4915123456789" },
    { id: "4712", phone: "+39061234567" },
    { id: "4713", phone: "+4915123456789" },
    { id: "4713 ", phone: "+15005550006" },
    { id: "erased:x", phone: null },
    { id: " ", phone: null },
  ]);
  expect(await db.all(sql`SELECT member, tag FROM member_tag ORDER BY 1, 2`)).toEqual([
    { member: 1, tag: "vip" },
    { member: 2, tag: "new" },
    { member: 3, tag: "VIP gold" },
  ]);
});
