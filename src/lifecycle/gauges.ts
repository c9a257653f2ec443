import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";

/** What became of occasions, and of looks that should have ended. */
export const lifecycleGauges: readonly Gauge[] = [
  {
    name: "fanfare_lifecycle_occasions",
    help: "Occasions of members by kind and outcome, ever: told, or missed because nobody looked on their day.",
    labels: ["kind", "outcome"],
    read: async ({ db }) => {
      const found = await db.all<{ kind: string; told: number; missed: number }>(sql`
        SELECT kind, sum(told) AS told, sum(missed) AS missed FROM lifecycle_policy GROUP BY kind`);
      return found.flatMap(({ kind, told, missed }) => [
        { labels: { kind, outcome: "told" }, value: told },
        { labels: { kind, outcome: "missed" }, value: missed },
      ]);
    },
  },
  {
    name: "fanfare_lifecycle_faults",
    help: "Policies that can tell nobody at present: what they say cannot be sent.",
    labels: [],
    read: async ({ db }) => {
      const row = await db.first<{ n: number }>(sql`
        SELECT count(*) AS n FROM lifecycle_policy WHERE enabled = 1 AND fault IS NOT NULL`);
      return [{ labels: {}, value: row?.n ?? 0 }];
    },
  },
];
