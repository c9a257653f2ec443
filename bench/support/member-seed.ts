import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";

/** Makes a database with `total` plain members; without e-mail consent rows unless asked. */
export async function seedMembers(path: string, total: number): Promise<void> {
  const db = await openDatabase({ url: `file:${path}` }, realWorld);
  await migrate(db, Date.now);
  for (let from = 0; from < total; from += 50_000) {
    const upTo = Math.min(total, from + 50_000);
    await db.write([
      sql`
        INSERT INTO member (seq, id, external_id, email, registered_at, updated_at)
        WITH RECURSIVE n (i) AS (SELECT ${from + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${upTo})
        SELECT i, 'm_' || hex(randomblob(12)), 'shop-' || i, 'member' || i || '@example.com', 0, 0 FROM n`,
    ]);
  }
  await db.close();
}
