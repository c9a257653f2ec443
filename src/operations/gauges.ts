import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";

/** What is committed and the queue has not taken yet. */
export const outboxGauges: readonly Gauge[] = [
  {
    name: "fanfare_outbox_waiting",
    help: "Messages committed and not yet taken by the queue.",
    read: async (ctx) => {
      const row = await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM outbox WHERE published_at IS NULL`);
      return [{ value: row?.n ?? 0 }];
    },
  },
  {
    name: "fanfare_outbox_oldest_seconds",
    help: "Age of the oldest message that the queue has not taken, in seconds.",
    read: async (ctx) => {
      const row = await ctx.db.first<{ since: number | null }>(
        sql`SELECT min(created_at) AS since FROM outbox WHERE published_at IS NULL`,
      );
      return [{ value: row?.since ? (ctx.clock() - row.since) / 1000 : 0 }];
    },
  },
];
