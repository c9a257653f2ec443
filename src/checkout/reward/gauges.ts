import { sql } from "drizzle-orm";
import type { Gauge } from "../../context.ts";

/** What became of what orders earned, from sums that move with it. */
export const rewardGauges: readonly Gauge[] = [
  {
    name: "fanfare_order_rewards",
    help: "What promotions promised for completed orders, ever, by what became of it.",
    labels: ["state"],
    read: async (ctx) => {
      const found = await ctx.db.all<{ state: string; n: number }>(sql`SELECT state, n FROM order_reward_count`);
      return found.map(({ state, n }) => ({ labels: { state }, value: n }));
    },
  },
];
