import type { Context } from "../context.ts";
import {
  cancelDistribution,
  openBatchesOf,
  pauseDistribution,
  resumeDistribution,
  startDistribution,
} from "../distribution/control.ts";
import type { Distribution } from "../distribution/distribution.ts";
import { issueBatch } from "../distribution/issue.ts";
import { distributionProgress } from "../distribution/progress.ts";
import { readFile } from "../distribution/read.ts";
import { isRefusal } from "../errors.ts";
import { found } from "./distribute-output.ts";
import { UsageError } from "./options.ts";
import { count, progressBar } from "./progress.ts";

/** Between two looks at what another process does, in milliseconds. */
const lookMs = 250;

/** Reads and checks its file to the end; a running server may do so, too. */
export async function readAll(ctx: Context, id: number, quiet: boolean): Promise<Distribution> {
  return watched(ctx, id, { quiet, stop: () => cancelDistribution(ctx, { id }) }, async () => {
    for (let now = await found(ctx, id); ; now = await found(ctx, id)) {
      if (now.state !== "UPLOADED" && now.state !== "VALIDATING") return now;
      await readFile(ctx, { distribution: id, from: now.readTo });
      if ((await found(ctx, id)).readTo === now.readTo) await lookAgain(ctx);
    }
  });
}

/**
 * Starts it, or goes on where it was paused, and issues all that is left; a running server may do so, too. Answers what
 * speaks against it, where another person has to approve of it.
 */
export async function issueAll(ctx: Context, id: number, quiet: boolean): Promise<string | undefined> {
  const moved = await begin(ctx, id);
  if (isRefusal(moved)) {
    if (moved.code === "NEEDS_APPROVAL") return `${moved.message} Then: fanfare distribute --start ${id}`;
    throw new UsageError(moved.message);
  }
  await watched(ctx, id, { quiet, stop: () => pauseDistribution(ctx, { id }) }, async () => {
    while ((await found(ctx, id)).state === "RUNNING") {
      const open = await openBatchesOf(ctx, id);
      for (const batch of open) await issueBatch(ctx, { distribution: id, batch });
      if (open.length === 0) await lookAgain(ctx);
    }
  });
  return undefined;
}

async function begin(ctx: Context, id: number) {
  const { state } = await found(ctx, id);
  if (state === "PAUSED") return resumeDistribution(ctx, { id });
  if (state === "RUNNING") return undefined;
  return startDistribution(ctx, { id });
}

interface Watch {
  readonly quiet: boolean;
  /** What a signal does before the process ends; a second one does not wait. */
  readonly stop: () => Promise<unknown>;
}

/** Does some work, shows meanwhile how far it is, and stops it by a signal. */
async function watched<T>(ctx: Context, id: number, { quiet, stop }: Watch, work: () => Promise<T>): Promise<T> {
  const bar = progressBar(`distribution ${id}`, quiet || !process.stderr.isTTY);
  const timer = ctx.timers.every(lookMs, () => {
    void found(ctx, id).then((now) => {
      const { done, total, perSecond } = distributionProgress(now, ctx.clock());
      bar.show(done, total, `${count(Math.round(perSecond))} rows/s`);
    }, ignored);
  });
  const signalled = () => {
    if (process.exitCode === 130) process.exit(130);
    process.exitCode = 130;
    void stop().catch(ignored);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, signalled);
  try {
    return await work();
  } finally {
    timer.stop();
    bar.end();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, signalled);
  }
}

/** What fails here fails the work, too, which says so. */
function ignored(): void {}

function lookAgain({ timers }: Context): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  timers.after(lookMs, resolve);
  return promise;
}
