import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { enqueue } from "../queue/outbox.ts";
import type { ScheduleFacts } from "../schedule/facts.ts";
import type { Fired, Standing, Timed } from "../timed.ts";
import { lifecycleLook } from "./messages.ts";

/** Policies as schedules set them off: each of their times is a look. */
export const timedPolicy: Timed<Context> = { standings, fire };

/** Every quarter of an hour, as the hour comes at other minutes in some zones; one look makes up for all it missed. */
export const lookTimes: ScheduleFacts = {
  recurrence: { cron: { line: "*/15 * * * *", from: null, until: null } },
  zone: "UTC",
  exclude: { dates: [], holidays: [] },
  jitterSeconds: 0,
  misfire: "RUN_NOW",
  withinMinutes: null,
  overlap: "RUN_BOTH",
};

async function standings(tx: Context, policies: readonly number[]): Promise<ReadonlyMap<number, Standing>> {
  const found = await tx.db.all<{ id: number; enabled: number }>(sql`
    SELECT id, enabled FROM lifecycle_policy WHERE id IN (SELECT value FROM json_each(${JSON.stringify(policies)}))`);
  return new Map(found.map(({ id, enabled }) => [id, enabled === 1 ? "READY" : "OFF"]));
}

async function fire(tx: Context, fired: readonly Fired[]): Promise<void> {
  const made = await tx.db.all<{ policy: number; at: number }>(sql`
    INSERT INTO lifecycle_look (policy, at, state) SELECT ${field("thing")}, ${field("plannedAt")}, 'OPEN'
    FROM ${rows(fired)} WHERE true ON CONFLICT DO NOTHING RETURNING policy, at`);
  if (made.length > 0)
    await tx.db.write([
      enqueue(
        tx,
        made.map((each) => lifecycleLook.of(each)),
      ),
    ]);
}

/** The messages of looks that should have ended by now (ms); the queue may still have them. */
export async function stalledLooks({ db }: Context, before: number) {
  const open = await db.all<{ policy: number; at: number }>(sql`
    SELECT policy, at FROM lifecycle_look WHERE state = 'OPEN' AND at < ${before} ORDER BY at LIMIT 500`);
  return open.map((each) => lifecycleLook.of(each));
}
