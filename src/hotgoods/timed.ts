import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { enqueue } from "../queue/outbox.ts";
import type { Fired, Standing, Timed } from "../timed.ts";
import { hotGoodsDay } from "./messages.ts";

/** Plans as their schedules set them off: each of their times is a day. */
export const timedPlan: Timed<Context> = { standings, fire };

async function standings(tx: Context, plans: readonly number[]): Promise<ReadonlyMap<number, Standing>> {
  const found = await tx.db.all<{ id: number; enabled: number }>(sql`
    SELECT id, enabled FROM hot_goods_plan WHERE id IN (SELECT value FROM json_each(${JSON.stringify(plans)}))`);
  return new Map(found.map(({ id, enabled }) => [id, enabled === 1 ? "READY" : "OFF"]));
}

async function fire(tx: Context, fired: readonly Fired[]): Promise<void> {
  const ids = JSON.stringify(fired.map(({ thing }) => thing));
  const plans = await tx.db.all<{ id: number; zone: string }>(sql`
    SELECT id, zone FROM hot_goods_plan WHERE id IN (SELECT value FROM json_each(${ids}))`);
  const zones = new Map(plans.map(({ id, zone }) => [id, zone]));
  const days = fired.map(({ thing, plannedAt }) => {
    const there = Temporal.Instant.fromEpochMilliseconds(plannedAt).toZonedDateTimeISO(zones.get(thing) ?? "UTC");
    return { plan: thing, day: there.toPlainDate().toString() };
  });
  await tx.db.write([
    sql`
      INSERT INTO hot_goods_day (plan, day, at) SELECT ${field("plan")}, ${field("day")}, ${tx.clock()}
      FROM ${rows(days)} WHERE true ON CONFLICT DO NOTHING`,
    enqueue(
      tx,
      days.map((each) => hotGoodsDay.of(each)),
    ),
  ]);
}

/** The messages of days that should be over with by now (ms); the queue may still have them. */
export async function stalledDays({ db }: Context, before: number) {
  const open = await db.all<{ plan: number; day: string }>(sql`
    SELECT plan, day FROM hot_goods_day WHERE at < ${before} LIMIT 500`);
  return open.map((each) => hotGoodsDay.of(each));
}
