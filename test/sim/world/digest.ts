import { sql } from "drizzle-orm";
import type { World } from "./world.ts";

/**
 * What is left of a history, each by a digest: the rows of every table, all that providers took, the story with all
 * answers in it. Two histories are one where all of these are equal.
 */
export async function digestsOf(world: World): Promise<Readonly<Record<string, string>>> {
  const digests: Record<string, string> = {
    story: digest(world.story.lines.join("\n")),
    providers: digest(JSON.stringify(world.providers.taken)),
  };
  // When the tables were made is before time began.
  const tables = await world.ctx?.db.all<{ name: string }>(sql`
    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migration'
    ORDER BY name`);
  for (const { name } of tables ?? []) {
    const rows = (await world.ctx?.db.all<object>(sql.raw(`SELECT * FROM "${name}"`))) ?? [];
    const texts = rows.map((row) =>
      JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    );
    digests[name] = digest(texts.sort().join("\n"));
  }
  return digests;
}

export function digest(text: string): string {
  return Bun.hash(text).toString(16);
}
