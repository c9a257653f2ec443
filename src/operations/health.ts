import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { whyUnkept } from "../errors.ts";
import { perApp } from "../memory.ts";
import type { Timers } from "../world.ts";
import { type Sweeps, sweepsOf } from "./queue/sweeps.ts";
import type { Mending } from "./queue/watch.ts";

/** Whether each part answers; `redis` may be away without making Fanfare unready. */
export interface Readiness {
  readonly ready: boolean;
  /** Whether it can be read. */
  readonly database: boolean;
  /** Whether what is asked can be kept: the database and the data directory take writes. */
  readonly storage: boolean;
  readonly queue: boolean;
  readonly redis: boolean;
  /** Why it is not ready, in words. */
  readonly reasons: readonly string[];
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

/** What else is asked for than the context knows. */
export interface Parts {
  readonly dataDir: string;
  redisHealthy(): Promise<boolean>;
}

const patienceMs = 2_000;
/** Writing is tried at most so often, however many ask. */
const triedAgainMs = 1_000;

export async function readiness(ctx: Context, { dataDir, redisHealthy }: Parts): Promise<Readiness> {
  const [migrations, unkept, sweeps, queue, redis] = await Promise.all([
    inTime(ctx.timers, ctx.db.all<{ name: string }>(sql`SELECT name FROM migration ORDER BY name`), undefined),
    inTime(ctx.timers, unwritable(ctx, dataDir), "a write is not answered"),
    inTime(ctx.timers, sweepsOf(ctx), undefined),
    inTime(
      ctx.timers,
      ctx.queue.client.schedules.list().then(() => true),
      false,
    ),
    inTime(ctx.timers, redisHealthy(), false),
  ]);
  const database = migrations !== undefined;
  const reasons = [
    ...(database ? [] : ["the database does not answer"]),
    ...(unkept === undefined ? [] : [`nothing can be kept: ${unkept}`]),
    ...(queue ? [] : ["the queue does not answer"]),
    ...(sweeps?.coming === false ? ["sweeps do not come: lost work is not found again"] : []),
  ];
  const parts = { database, storage: unkept === undefined, queue, redis };
  return {
    ready: reasons.length === 0,
    ...parts,
    reasons,
    migrations: (migrations ?? []).map(({ name }) => name),
    sweeps: sweeps ? reportOf(sweeps) : null,
  };
}

interface Trial {
  readonly at: number;
  readonly outcome: Promise<string | undefined>;
}

/** Why nothing can be written, of the last second; undefined while it can. */
function unwritable(ctx: Context, dataDir: string): Promise<string | undefined> {
  const last = perApp(ctx, "operations.written", () => ({ trial: undefined as Trial | undefined }));
  const now = ctx.timers.now();
  if (last.trial && now - last.trial.at < triedAgainMs) return last.trial.outcome;
  const outcome = tryToWrite(ctx, dataDir).then(
    () => undefined,
    (error) => whyUnkept(error) ?? (error instanceof Error ? error.message : String(error)),
  );
  last.trial = { at: now, outcome };
  return outcome;
}

/** As large as what a busy moment writes: a disk with less room than that is as good as full. */
const trialBytes = 65_536;

/** A file in the data directory, where the queue has its own, and a write to the database, which changes nothing. */
async function tryToWrite(ctx: Context, dataDir: string): Promise<void> {
  const file = join(dataDir, `.room-${process.pid}`);
  try {
    await writeFile(file, new Uint8Array(trialBytes), { mode: 0o600 });
  } finally {
    await rm(file, { force: true });
  }
  await ctx.db.write([sql`UPDATE access_token SET name = name WHERE id = (SELECT min(id) FROM access_token)`]);
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
