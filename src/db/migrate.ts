import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { SetupError } from "../errors.ts";
import type { Database, RootDatabase } from "./client.ts";

const folder = join(import.meta.dir, "../../migrations");

/**
 * Brings the database up to the newest migration and answers the names of those it applied. All of them run in one
 * write transaction, which is the lock: of two processes that boot together, one migrates and the other finds it done.
 * Migrations only go forward; an applied one that was edited since is refused.
 */
export async function migrate(db: RootDatabase, clock: () => number, dir = folder): Promise<string[]> {
  const files = (await readdir(dir)).filter((name) => name.endsWith(".sql")).sort();
  const wanted = await Promise.all(files.map(async (name) => ({ name, text: await Bun.file(join(dir, name)).text() })));
  return db.transaction(async (tx) => {
    await tx.write([
      sql`
        CREATE TABLE IF NOT EXISTS migration (
          name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at INTEGER NOT NULL)`,
    ]);
    const applied = new Map(
      (await tx.all<Applied>(sql`SELECT name, hash FROM migration`)).map((m) => [m.name, m.hash]),
    );
    refuseStrangers([...applied.keys()], files);
    const done: string[] = [];
    for (const file of wanted) if (await apply(tx, file, clock(), applied.get(file.name))) done.push(file.name);
    return done;
  });
}

interface Applied {
  readonly name: string;
  readonly hash: string;
}

function refuseStrangers(applied: readonly string[], files: readonly string[]): void {
  const stranger = applied.find((name) => !files.includes(name));
  if (stranger)
    throw new SetupError(`the database was migrated by a newer Fanfare (it knows ${stranger}); run that one`);
}

async function apply(
  tx: Database,
  { name, text }: { readonly name: string; readonly text: string },
  now: number,
  appliedHash: string | undefined,
): Promise<boolean> {
  const hash = new Bun.CryptoHasher("sha256").update(text).digest("hex");
  if (appliedHash === hash) return false;
  if (appliedHash)
    throw new SetupError(`migration ${name} was changed after it had been applied; add a new one instead`);
  for (const statement of statementsOf(text)) await tx.write([{ sql: statement, args: [] }]);
  await tx.write([sql`INSERT INTO migration VALUES (${name}, ${hash}, ${now})`]);
  return true;
}

/** Splits a migration at the semicolons that end a line; a trigger's body is kept whole up to its `END;`. */
export function statementsOf(text: string): string[] {
  const statements: string[] = [];
  let current: string[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(--.*)?$/.test(line)) continue;
    current.push(line);
    const trigger = /^\s*CREATE\s+TRIGGER/i.test(current[0] ?? "");
    if (trigger ? /^END;\s*$/i.test(line) : /;\s*(--.*)?$/.test(line)) {
      statements.push(current.join("\n"));
      current = [];
    }
  }
  if (current.length > 0) throw new SetupError(`a migration ends inside a statement: ${current[0]}`);
  return statements;
}
