import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";
import { remembered } from "../memory.ts";
import { sweepsOf } from "./queue/sweeps.ts";

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

/** Whether lost work is looked for. */
export const sweepGauges: readonly Gauge[] = [
  {
    name: "fanfare_sweep_age_seconds",
    help: "Time since the last sweep came, in seconds: it comes every minute. None before the first.",
    read: async (ctx) => {
      const { lastAt } = await sweepsOf(ctx);
      return lastAt === null ? [] : [{ value: (ctx.clock() - lastAt) / 1000 }];
    },
  },
];

/** What this process keeps in mind. */
export const memoryGauges: readonly Gauge[] = [
  {
    name: "fanfare_remembered",
    help: "How much this process remembers of what it read or has under way, by what it is.",
    labels: ["name"],
    read: async (ctx) => remembered(ctx).map(({ name, size }) => ({ labels: { name }, value: size })),
  },
];
