import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { type Mending, queueWatch } from "./watch.ts";

/** Sweeps come every minute; after this long without one (ms) they do not come any more. */
const lateAfterMs = 150_000;

/** Whether the sweeps come that find lost work again, and what was done for it. */
export interface Sweeps {
  /** False when none has come for more than two minutes, though this process was there to hear of it. */
  readonly coming: boolean;
  /** When the last one came, to whichever process of the installation (ms). */
  readonly lastAt: number | null;
  /** What this process found missing or another's at the queue and set right, the newest first. */
  readonly mended: readonly Mending[];
  /** When it last found, or set, everything right there (ms). */
  readonly checkedAt: number | null;
  /** Why it could not look, the last time. */
  readonly error: string | null;
}

export async function sweepsOf(ctx: Context): Promise<Sweeps> {
  const { startedAt, mended, checkedAt, error } = queueWatch(ctx);
  const row = await ctx.db.first<{ at: number }>(sql`SELECT at FROM pulse WHERE name = 'sweep'`);
  const heardAt = Math.max(row?.at ?? 0, startedAt);
  return { coming: ctx.clock() - heardAt <= lateAfterMs, lastAt: row?.at ?? null, mended, checkedAt, error };
}

/** Notes that one has come. */
export async function recordSweep(ctx: Context): Promise<void> {
  await ctx.db.write([
    sql`INSERT INTO pulse (name, at) VALUES ('sweep', ${ctx.clock()}) ON CONFLICT DO UPDATE SET at = excluded.at`,
  ]);
}
