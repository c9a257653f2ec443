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
    const rows = await tx.all<Applied>(sql`SELECT name, hash, applied_at FROM migration ORDER BY name`);
    const applied = new Map(rows.map((row) => [row.name, row.hash]));
    refuseStrangers(db.place, rows, wanted);
    const done: string[] = [];
    for (const file of wanted) if (await apply(tx, file, clock(), applied.get(file.name))) done.push(file.name);
    return done;
  });
}

interface Applied {
  readonly name: string;
  readonly hash: string;
  /** Milliseconds since 1970 UTC. */
  readonly applied_at: number;
}

/** Refuses, in words for whoever operates it, a database that another version of Fanfare made. */
function refuseStrangers(place: string, applied: readonly Applied[], wanted: readonly Migration[]): void {
  const ours = new Map(wanted.map(({ name, text }) => [name, hashOf(text)]));
  const stranger = applied.find(({ name, hash }) => ours.get(name) !== hash);
  if (!stranger) return;
  const { name } = stranger;
  const day = new Date(stranger.applied_at).toISOString().slice(0, 10);
  throw new SetupError(
    ours.has(name)
      ? `${place} was made by another build of Fanfare, whose ${name}, applied on ${day}, is not this one's. Run ` +
          "that build on it, or give this one a DATA_DIR or DATABASE_URL of its own; nothing was changed."
      : `${place} was brought up to date on ${day} by a newer Fanfare (it knows ${name}): run that one, or a ` +
          "newer one; nothing was changed.",
  );
}

interface Migration {
  readonly name: string;
  readonly text: string;
}

function hashOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

async function apply(
  tx: Database,
  { name, text }: Migration,
  now: number,
  appliedHash: string | undefined,
): Promise<boolean> {
  if (appliedHash) return false;
  for (const statement of statementsOf(text)) await tx.write([{ sql: statement, args: [] }]);
  await tx.write([sql`INSERT INTO migration VALUES (${name}, ${hashOf(text)}, ${now})`]);
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
