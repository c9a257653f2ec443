import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { SetupError } from "../errors.ts";
import { installationDir } from "../installation.ts";
import type { Database, RootDatabase } from "./client.ts";
import type { Query } from "./statement.ts";

const folder = join(installationDir, "migrations");

/**
 * Brings the database up to the newest migration and answers the names of those it applied. All that are missing are
 * one batch, which begins with a look whether that is still so: of two processes that boot together, on however slow a
 * network, one migrates and the other finds it done. Migrations only go forward; an applied one that was edited since
 * is refused.
 */
export async function migrate(db: RootDatabase, clock: () => number, dir = folder): Promise<string[]> {
  const files = readdirSync(dir).filter((name) => name.endsWith(".sql"));
  const wanted = files.sort().map((name) => ({ name, text: readFileSync(join(dir, name), "utf8") }));
  let applied = await appliedTo(db);
  for (;;) {
    refuseStrangers(db.place, applied, wanted);
    const known = new Set(applied.map(({ name }) => name));
    const missing = wanted.filter(({ name }) => !known.has(name));
    if (missing.length === 0) return [];
    try {
      await db.write([...whileThereAre(applied.length), ...missing.flatMap((file) => statementsFor(file, clock()))]);
      return missing.map(({ name }) => name);
    } catch (error) {
      const before = applied.length;
      applied = await appliedTo(db);
      if (applied.length === before) throw error; // else somebody was faster, or our own answer was lost
    }
  }
}

async function appliedTo(db: Database): Promise<Applied[]> {
  const known = await db.first(sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migration'`);
  return known ? db.all<Applied>(sql`SELECT name, hash, applied_at FROM migration ORDER BY name`) : [];
}

/** What a batch begins with, so that it fails, whole, once another number of migrations than this is applied. */
function whileThereAre(count: number): Query[] {
  return [
    sql`
      CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at INTEGER NOT NULL)`,
    // SQL knows no conditional DDL; a name that is there already ends the batch.
    sql`INSERT INTO migration SELECT * FROM migration WHERE (SELECT count(*) FROM migration) <> ${count}`,
  ];
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

function statementsFor({ name, text }: Migration, now: number): Query[] {
  return [
    ...statementsOf(text).map((statement) => ({ sql: statement, args: [] })),
    sql`INSERT INTO migration VALUES (${name}, ${hashOf(text)}, ${now})`,
  ];
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
