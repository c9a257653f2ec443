import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";
import { tempDir } from "./temp.ts";

/** A real database of this test's own: a file in a private directory, with every migration applied. */
export async function openTestDatabase(path = join(tempDir(), "test.db")): Promise<RootDatabase> {
  await writeMigrated(path);
  return openDatabase({ url: `file:${path}` }, realWorld);
}

/** Writes a database with every migration applied and nothing in it; this process migrates but once. */
export async function writeMigrated(path: string): Promise<void> {
  migrated ??= migrateOnce();
  await writeFile(path, await migrated);
}

let migrated: Promise<Uint8Array> | undefined;

async function migrateOnce(): Promise<Uint8Array> {
  const dir = tempDir();
  const whole = join(dir, "whole.db");
  const db = await openDatabase({ url: `file:${join(dir, "template.db")}` }, realWorld);
  await migrate(db, Date.now);
  await db.all(sql`VACUUM INTO ${whole}`); // the file alone would lack what is in its WAL
  await db.close();
  return readFile(whole);
}
