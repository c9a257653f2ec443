import { sql } from "drizzle-orm";
import type { Context, Retention } from "../context.ts";

const dayMs = 86_400_000;
const keptDays = 400;

/** What was decided is told for a year and a bit. */
export const scheduleKeeps: readonly Retention[] = [
  {
    name: "occurrence",
    kept: `${keptDays} days after it was decided on`,
    forget: async ({ db, clock }: Context) => {
      const [result] = await db.write([
        sql`
          DELETE FROM occurrence WHERE id IN (
            SELECT id FROM occurrence WHERE decided_at < ${clock() - keptDays * dayMs} ORDER BY decided_at LIMIT 1000)`,
      ]);
      return result?.rowsAffected ?? 0;
    },
  },
];
