import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Timers } from "../world.ts";

/** Whether each part answers; `redis` may be away without making Fanfare unready. */
export interface Readiness {
  readonly ready: boolean;
  readonly database: boolean;
  readonly queue: boolean;
  readonly redis: boolean;
  readonly migrations: readonly string[];
}

const patienceMs = 2_000;

export async function readiness(ctx: Context, redisHealthy: () => Promise<boolean>): Promise<Readiness> {
  const [migrations, queue, redis] = await Promise.all([
    inTime(ctx.timers, ctx.db.all<{ name: string }>(sql`SELECT name FROM migration ORDER BY name`), undefined),
    inTime(
      ctx.timers,
      ctx.queue.client.schedules.list().then(() => true),
      false,
    ),
    inTime(ctx.timers, redisHealthy(), false),
  ]);
  const database = migrations !== undefined;
  return { ready: database && queue, database, queue, redis, migrations: (migrations ?? []).map(({ name }) => name) };
}

/** The answer, or `otherwise` when it fails or takes too long. */
async function inTime<T, U>(timers: Timers, answer: Promise<T>, otherwise: U): Promise<T | U> {
  const late = Promise.withResolvers<U>();
  const timer = timers.after(patienceMs, () => late.resolve(otherwise));
  try {
    return await Promise.race([answer, late.promise]);
  } catch {
    return otherwise;
  } finally {
    timer.stop();
  }
}
