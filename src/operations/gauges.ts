import { sql } from "drizzle-orm";
import type { Context, Gauge } from "../context.ts";
import { perApp, remembered } from "../memory.ts";
import { type QueueFigures, type QueueStatus, queueStatus } from "./queue/status.ts";
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

/** How old what is told of the queue may be, ms: each look costs it some requests, and a provider may count them. */
const lookMs = 60_000;

interface Look {
  at: number;
  status: QueueStatus | undefined;
}

/** The queue as it was when it was last looked at; looks again beside the scrape, which does not wait for it. */
function lastLook(ctx: Context): QueueFigures | null {
  const look = perApp(ctx, "operations.queueLook", (): Look => ({ at: Number.NEGATIVE_INFINITY, status: undefined }));
  if (ctx.timers.now() - look.at >= lookMs) {
    look.at = ctx.timers.now();
    void queueStatus(ctx).then(
      (status) => {
        look.status = status;
      },
      () => {},
    );
  }
  return look.status?.queue ?? null;
}

/** What lies at the queue, at most a minute old; nothing while it does not answer. */
export const queueGauges: readonly Gauge[] = [
  {
    name: "fanfare_queue_waiting",
    help: "Messages at the queue that are due and held back by their flow's limits or a pause, by kind of flow.",
    labels: ["flow"],
    read: async (ctx) => {
      const kinds = Map.groupBy(lastLook(ctx)?.flows ?? [], ({ name }) => name.split(".")[0] ?? name);
      return [...kinds].map(([flow, list]) => ({
        labels: { flow },
        value: list.reduce((sum, { waiting }) => sum + waiting, 0),
      }));
    },
  },
  {
    name: "fanfare_queue_dead_letters",
    help: "Our dead letters at the queue, as far as a few requests count them.",
    read: async (ctx) => {
      const found = lastLook(ctx);
      return found ? [{ value: found.deadLetters.atLeast }] : [];
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
