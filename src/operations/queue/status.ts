import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { listDeadLetters } from "./dead-letter.ts";
import { listQueueFlows, type QueueFlow } from "./flow.ts";
import { deliveriesUnderWay, type InFlight } from "./in-flight.ts";
import { type LogEntry, mostEntries, readLog } from "./log.ts";
import { hostOf } from "./message-search.ts";
import { type Backlog, backlog } from "./outbox.ts";
import { type Sweeps, sweepsOf } from "./sweeps.ts";

/** How the queue is, as far as it answers. */
export interface QueueStatus {
  readonly outbox: Backlog;
  readonly sweeps: Sweeps;
  /** What the queue tells; null while it does not answer. */
  readonly queue: QueueFigures | null;
  /** Why it does not answer. */
  readonly error: string | null;
}

export interface QueueFigures {
  readonly flows: readonly QueueFlow[];
  readonly inFlight: InFlight;
  readonly deadLetters: DeadLetterCount;
  readonly rates: Rates;
}

/** Our dead letters, counted as far as a few requests lead. */
export interface DeadLetterCount {
  readonly atLeast: number;
  readonly more: boolean;
}

/** What happened lately to messages of ours. */
export interface Rates {
  /** From when on the log was read (ms): five minutes ago, or less where that is more than is read. */
  readonly since: number;
  readonly seconds: number;
  readonly deliveredPerMinute: number;
  readonly failedAttemptsPerMinute: number;
  readonly deadPerMinute: number;
  /** Attempts that a message took until it was delivered or dead; null where none was. */
  readonly meanAttempts: number | null;
}

const patienceMs = 5_000;

/** How the queue is. Costs it at most eight requests; a queue that is away is told of, not thrown. */
export async function queueStatus(ctx: Context): Promise<QueueStatus> {
  const [outbox, sweeps] = await Promise.all([backlog(ctx), sweepsOf(ctx)]);
  const late = Promise.withResolvers<never>();
  const timer = ctx.timers.after(ctx.queue.outage ? patienceMs / 5 : patienceMs, () =>
    late.reject(new Error(`no answer within ${patienceMs / 1_000} s`)),
  );
  try {
    return { outbox, sweeps, queue: await Promise.race([figures(ctx), late.promise]), error: null };
  } catch (error) {
    return { outbox, sweeps, queue: null, error: error instanceof Error ? error.message : String(error) };
  } finally {
    timer.stop();
  }
}

async function figures(ctx: Context): Promise<QueueFigures> {
  const [flows, inFlight, deadLetters, rates] = await Promise.all([
    listQueueFlows(ctx),
    deliveriesUnderWay(ctx),
    countDeadLetters(ctx),
    recentRates(ctx),
  ]);
  return { flows, inFlight, deadLetters, rates };
}

async function countDeadLetters(ctx: Context): Promise<DeadLetterCount> {
  const page = await listDeadLetters(ctx, { limit: 100 });
  if (isRefusal(page)) throw new Error(page.message);
  return { atLeast: page.letters.length, more: page.next !== undefined };
}

const spanMs = 5 * 60_000;
const mostPages = 5;

/** The newest pages of the log, without a filter by time or state: the queue then need not walk the rest of it. */
async function recentRates(ctx: Context): Promise<Rates> {
  const now = ctx.clock();
  const entries: LogEntry[] = [];
  let since = now - spanMs;
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const request = { filter: { host: hostOf(ctx) }, count: mostEntries, ...(cursor !== undefined && { cursor }) };
    const { entries: found, next } = await readLog(ctx, request);
    entries.push(...found.filter(({ at }) => at >= since));
    cursor = next;
    if (next === undefined || found.some(({ at }) => at < since)) return ratesOf(entries, since, now);
  }
  since = entries.at(-1)?.at ?? since;
  return ratesOf(entries, since, now);
}

function ratesOf(entries: readonly LogEntry[], since: number, now: number): Rates {
  const seconds = Math.max(1, (now - since) / 1_000);
  const count = (state: string) => entries.filter((entry) => entry.state === state).length;
  const [delivered, failed, dead] = [count("DELIVERED"), count("ERROR"), count("FAILED")];
  const ended = delivered + dead;
  const perMinute = (n: number) => Math.round((n / seconds) * 600) / 10;
  return {
    since,
    seconds: Math.round(seconds),
    deliveredPerMinute: perMinute(delivered),
    failedAttemptsPerMinute: perMinute(failed),
    deadPerMinute: perMinute(dead),
    meanAttempts: ended === 0 ? null : Math.round(((delivered + failed) / ended) * 100) / 100,
  };
}
