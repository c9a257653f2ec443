import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";

/** For how long a crowd is told that there are none, ms; that there are some stays true. */
const freshMs = 1_000;

interface Known {
  at: number;
  answer: Promise<boolean> | undefined;
}

/**
 * Whether codes were ever uploaded, now or within the last second: without, a code that is not well typed is none.
 * Asked by one for all.
 */
export async function hasUploadedCodes(ctx: Context): Promise<boolean> {
  const known = knownOf(ctx);
  const now = ctx.timers.now();
  if (known.answer && now - known.at < freshMs) return known.answer;
  known.at = now;
  known.answer = ask(ctx);
  known.answer.then(
    (has) => {
      if (has) known.at = Number.POSITIVE_INFINITY;
    },
    () => {
      known.answer = undefined;
    },
  );
  return known.answer;
}

/** To be called where an upload begins. */
export function forgetUploaded(ctx: Context): void {
  knownOf(ctx).answer = undefined;
}

async function ask({ db }: Context): Promise<boolean> {
  return (await db.first(sql`SELECT 1 FROM code_pool WHERE source = 'UPLOADED' LIMIT 1`)) !== undefined;
}

const knownOf = (ctx: Context) => perApp(ctx, "coupon.uploaded", (): Known => ({ at: 0, answer: undefined }));
