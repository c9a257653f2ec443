import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import type { World } from "./world.ts";

/** A digest of every row that the shop has, and of all that providers took; not of when it was migrated, before time began. */
export async function digestOf(world: World): Promise<string> {
  const hash = createHash("sha256");
  const db = world.ctx?.db;
  if (!db) return "down";
  const tables = await db.all<{ name: string }>(sql`
    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migration'
    ORDER BY name`);
  for (const { name } of tables) {
    const rows = await db.all<object>(sql.raw(`SELECT * FROM "${name}"`));
    const texts = rows.map((row) =>
      JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    );
    hash.update(`${name}\n${texts.sort().join("\n")}\n`);
  }
  hash.update(JSON.stringify(world.providers.taken));
  return hash.digest("hex").slice(0, 16);
}
