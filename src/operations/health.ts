import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Timers } from "../world.ts";
import { type Sweeps, sweepsOf } from "./queue/sweeps.ts";
import type { Mending } from "./queue/watch.ts";

/** Whether each part answers; `redis` may be away without making Fanfare unready. */
export interface Readiness {
  readonly ready: boolean;
  readonly database: boolean;
  readonly queue: boolean;
  readonly redis: boolean;
  readonly migrations: readonly string[];
  /** Without sweeps lost work is not found again; null while the database does not tell. */
  readonly sweeps: SweepReport | null;
}

/** As JSON: with times as RFC 3339 has them. */
type SweepReport = Omit<Sweeps, "lastAt" | "checkedAt" | "mended"> & {
  readonly lastAt: string | null;
  readonly checkedAt: string | null;
  readonly mended: readonly (Omit<Mending, "at"> & { readonly at: string | null })[];
};

const patienceMs = 2_000;

export async function readiness(ctx: Context, redisHealthy: () => Promise<boolean>): Promise<Readiness> {
  const [migrations, sweeps, queue, redis] = await Promise.all([
    inTime(ctx.timers, ctx.db.all<{ name: string }>(sql`SELECT name FROM migration ORDER BY name`), undefined),
    inTime(ctx.timers, sweepsOf(ctx), undefined),
    inTime(
      ctx.timers,
      ctx.queue.client.schedules.list().then(() => true),
      false,
    ),
    inTime(ctx.timers, redisHealthy(), false),
  ]);
  const database = migrations !== undefined;
  return {
    ready: database && queue && sweeps?.coming !== false,
    database,
    queue,
    redis,
    migrations: (migrations ?? []).map(({ name }) => name),
    sweeps: sweeps ? reportOf(sweeps) : null,
  };
}

function reportOf({ mended, lastAt, checkedAt, ...rest }: Sweeps): SweepReport {
  return {
    ...rest,
    lastAt: time(lastAt),
    checkedAt: time(checkedAt),
    mended: mended.map((each) => ({ ...each, at: time(each.at) })),
  };
}

function time(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
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
