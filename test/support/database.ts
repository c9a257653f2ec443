import { join } from "node:path";
import { openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { tempDir } from "./temp.ts";

/** A real database of this test's own: a file in a private directory, with every migration applied. */
export async function openTestDatabase(): Promise<RootDatabase> {
  const db = await openDatabase({ url: `file:${join(tempDir(), "test.db")}` });
  await migrate(db);
  return db;
}
