import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";

/** Runs, and what unfinished ones have in their ledgers. */
export const campaignGauges: readonly Gauge[] = [
  {
    name: "fanfare_runs",
    help: "Runs by state.",
    labels: ["state"],
    read: async (ctx) => {
      const byState = await ctx.db.all<{ state: string; n: number }>(
        sql`SELECT state, count(*) AS n FROM run GROUP BY state`,
      );
      return byState.map(({ state, n }) => ({ labels: { state }, value: n }));
    },
  },
  {
    name: "fanfare_sends_done",
    help: "Sends of all runs, ever, that have their last state, by channel and state.",
    labels: ["channel", "state"],
    read: async (ctx) => {
      const found = await ctx.db.all<{ channel: string; state: string; n: number }>(sql`
        SELECT channel, state, sum(n) AS n FROM tally WHERE state NOT IN ('PENDING', 'SENDING') GROUP BY 1, 2`);
      return found.map(({ channel, state, n }) => ({ labels: { channel, state }, value: n }));
    },
  },
  {
    name: "fanfare_sends",
    help: "Ledger rows of unfinished runs by channel and state.",
    labels: ["channel", "state"],
    read: async (ctx) => {
      const byChannel = await ctx.db.all<{ channel: string; state: string; n: number }>(sql`
        SELECT t.channel, t.state, sum(t.n) AS n FROM tally t JOIN run r ON r.id = t.run
        WHERE r.state IN ('IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING') GROUP BY 1, 2`);
      return byChannel.map(({ channel, state, n }) => ({ labels: { channel, state }, value: n }));
    },
  },
];
