import { expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";
import { tempDir } from "../support/temp.ts";

const migrations = join(import.meta.dir, "../../migrations");

test("who was called something by an attribute is called that, unless it is no name or she was erased", async () => {
  const dir = tempDir();
  const before = join(dir, "migrations");
  mkdirSync(before);
  for (const name of readdirSync(migrations).filter((name) => name < "0032"))
    cpSync(join(migrations, name), join(before, name));
  const db = await openDatabase({ url: `file:${join(dir, "old.db")}` }, realWorld);
  await migrate(db, Date.now, before);
  const had: unknown[] = [" Kim Lee ", "", 7, null, "two\nlines", "x".repeat(201), "Mei"];
  await db.write(
    had.map(
      (name, i) => sql`
        INSERT INTO member (id, external_id, attributes, registered_at, updated_at, deleted_at)
        VALUES (${`m${i}`}, ${`x${i}`}, ${JSON.stringify({ name, city: "Graz" })}, 0, 0, ${name === "Mei" ? 1 : null})`,
    ),
  );
  await migrate(db, Date.now);
  const rows = await db.all<{ name: string | null; attributes: string }>(sql`SELECT name, attributes FROM member`);
  expect(rows.map(({ name }) => name)).toEqual(["Kim Lee", null, null, null, null, null, null]);
  expect(rows.map(({ attributes }) => JSON.parse(attributes))).toEqual(had.map((name) => ({ name, city: "Graz" })));
  await db.close();
});
