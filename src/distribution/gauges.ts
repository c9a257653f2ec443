import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";

/** How many distributions there are, and what became of their rows, from sums that move with them. */
export const distributionGauges: readonly Gauge[] = [
  {
    name: "fanfare_distributions",
    help: "Distributions by state.",
    labels: ["state"],
    read: async ({ db }) => {
      const found = await db.all<{ state: string; n: number }>(sql`
        SELECT state, count(*) AS n FROM distribution GROUP BY state`);
      return found.map(({ state, n }) => ({ labels: { state }, value: n }));
    },
  },
  {
    name: "fanfare_distribution_rows",
    help: "Rows of distributed files by what became of them.",
    labels: ["outcome"],
    read: async ({ db }) => {
      const found = await db.all<{ outcome: string; n: number }>(sql`
        SELECT outcome, sum(ended) AS n FROM distribution_count GROUP BY outcome`);
      return found.map(({ outcome, n }) => ({ labels: { outcome }, value: n }));
    },
  },
];
