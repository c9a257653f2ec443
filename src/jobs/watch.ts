import { sweepsOf } from "../operations/queue/sweeps.ts";
import { noteMending, queueWatch } from "../operations/queue/watch.ts";
import { registerConsumers } from "../queue/event/consumer.ts";
import type { JobContext } from "./job.ts";
import { setRight } from "./schedules.ts";

/** How long starting waits for the queue, in milliseconds. */
const patienceMs = 2_000;
/** How often the queue is looked at: what is gone or taken over there is back within the minute. */
const everyMs = 20_000;

/** The watch over what recurs. */
export interface Watch {
  stop(): void;
}

/**
 * Arms at the queue what recurs and who is told of events, and looks again and again whether it is still so: schedules
 * are deleted, paused or taken over by people and programs that share the account. A queue that is away does not keep
 * Fanfare from starting: it is asked until it answers.
 */
export async function watchQueue(ctx: JobContext): Promise<Watch> {
  const { jobs, timers } = ctx;
  queueWatch(ctx);
  await registerConsumers(
    ctx,
    jobs.consumers.map(({ consumer }) => consumer),
  );
  let looking: Promise<void> | undefined;
  const look = () => {
    looking ??= lookOnce(ctx).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = timers.every(everyMs, look);
  await Promise.race([look(), timers.sleep(patienceMs)]);
  return { stop: timer.stop };
}

async function lookOnce(ctx: JobContext): Promise<void> {
  const watch = queueWatch(ctx);
  try {
    const found = await setRight(ctx);
    // What is missing at the first look was not there yet; what is another's was taken.
    const isFirst = watch.checkedAt === null;
    for (const { name, was } of found) if (!isFirst || was !== "MISSING") noteMending(ctx, name, was);
    watch.checkedAt = ctx.clock();
    watch.error = null;
  } catch (error) {
    watch.error = error instanceof Error ? error.message : String(error);
    ctx.log("warn", "schedules.unarmed", { error });
  }
  await tellLateSweep(ctx).catch(() => {}); // a database that is away tells of itself
}

async function tellLateSweep(ctx: JobContext): Promise<void> {
  const { coming, lastAt } = await sweepsOf(ctx);
  if (!coming) ctx.log("error", "sweep.late", { ms: lastAt === null ? null : ctx.clock() - lastAt });
}
