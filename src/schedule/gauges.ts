import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";

export const scheduleGauges: readonly Gauge[] = [
  {
    name: "fanfare_schedules",
    help: "Schedules by state.",
    labels: ["state"],
    read: async ({ db }) => {
      const found = await db.all<{ state: string; n: number }>(sql`
        SELECT state, count(*) AS n FROM schedule GROUP BY state`);
      return found.map(({ state, n }) => ({ labels: { state }, value: n }));
    },
  },
  {
    name: "fanfare_schedule_missed",
    help: "Times of a schedule that did not come when they were due, of those that missed any and are not over.",
    labels: ["schedule"],
    read: async ({ db }) => {
      const found = await db.all<{ id: number; missed: number }>(sql`
        SELECT id, missed FROM schedule WHERE missed > 0 AND state <> 'ENDED' ORDER BY missed DESC LIMIT 100`);
      return found.map(({ id, missed }) => ({ labels: { schedule: String(id) }, value: missed }));
    },
  },
  {
    name: "fanfare_schedule_overdue_seconds",
    help: "How late the most overdue time is that nobody has decided on.",
    read: async ({ db, clock }) => {
      const found = await db.first<{ at: number | null }>(sql`
        SELECT min(due_at) AS at FROM occurrence WHERE state = 'PLANNED'`);
      return [{ value: Math.max(0, clock() - (found?.at ?? clock())) / 1_000 }];
    },
  },
];
