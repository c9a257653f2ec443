import { sql } from "drizzle-orm";
import type { Retention } from "../context.ts";

const dayMs = 86_400_000;
const keptDays = 400;

/** An occasion that old cannot come again: each is of one day, and a birthday of one year. */
export const lifecycleKeeps: readonly Retention[] = [
  {
    name: "occasions",
    kept: `${keptDays} days`,
    forget: async ({ db, clock }) => {
      const [result] = await db.write([
        sql`
          DELETE FROM lifecycle_mark WHERE (policy, member, occasion) IN (
            SELECT policy, member, occasion FROM lifecycle_mark WHERE at < ${clock() - keptDays * dayMs}
            ORDER BY at LIMIT 10000)`,
      ]);
      return result?.rowsAffected ?? 0;
    },
  },
];
