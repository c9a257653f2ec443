import { sql } from "drizzle-orm";
import type { Retention } from "../context.ts";

/** How long the reports of imports are kept, in milliseconds, and the rows forgotten in one go. */
const keepMs = 90 * 24 * 3_600_000;
const rowLimit = 10_000;

/** What members' domain keeps for a time only. Members are kept until they are erased. */
export const memberKeeps: readonly Retention[] = [
  {
    name: "importFaults",
    kept: "90 days after their import",
    forget: async (ctx) => {
      const [result] = await ctx.db.write([
        sql`
          DELETE FROM import_fault WHERE id IN (
            SELECT f.id FROM import_task t CROSS JOIN import_fault f ON f.task = t.id
            WHERE t.state <> 'running' AND t.updated_at < ${ctx.clock() - keepMs} LIMIT ${rowLimit})`,
      ]);
      return result?.rowsAffected ?? 0;
    },
  },
];
