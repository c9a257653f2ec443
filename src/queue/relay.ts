import { sql } from "drizzle-orm";
import { field, rows } from "../db/bulk.ts";
import type { RootDatabase } from "../db/client.ts";
import { stillWaits, type World } from "../world.ts";
import { announceEvents } from "./event/event.ts";
import { relayName } from "./outbox.ts";
import { type Answer, publish, type WaitingRow } from "./publish.ts";
import type { Queue } from "./qstash.ts";

/** Messages in one batch request: QStash documents no bound, and this many has always been taken. */
const batchSize = 100;
/** How often the relay looks for rows that another process wrote. */
const pollMs = 1_000;
/** The longest pause while the queue is away. */
const maxPauseMs = 15_000;

export interface Relay {
  /** Resolves when nothing publishable is left. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

type RelayWorld = Pick<World, "clock" | "id" | "timers">;
type Log = (event: string, fields: Record<string, unknown>) => void;

/**
 * Publishes what the outbox holds, in order, at most 100 at a time, and announces what happened. It runs after every
 * commit that added rows, and once a second for rows of other processes. Publishing may repeat (a crash between the
 * queue's answer and ours): the deduplication id absorbs it. A queue that is down or asks for patience is asked again
 * later, with growing pauses; the rows wait. A row that the queue refuses waits by itself and holds back no other.
 */
export function startRelay(db: RootDatabase, queue: Queue, log: Log, world: RelayWorld): Relay {
  const { clock, timers } = world;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let outages = 0;

  const work = async () => {
    await Promise.resolve(); // where nothing may be done, too, `running` is set before it is cleared
    do {
      again = false;
      while (!stopped && !stillWaits(queue.outage?.until ?? 0, clock(), maxPauseMs)) {
        await announceEvents({ db, ...world });
        const waiting = await nextRows(db, clock());
        if (waiting.length === 0) break;
        const answers = await publish(queue, waiting);
        await record(db, answers, clock());
        const outage = answers.find((answer) => "outage" in answer);
        outages = outage ? outages + 1 : 0;
        const pauseMs = Math.min(maxPauseMs, backoffMs(outages - 1));
        queue.outage = outage && { error: outage.outage, until: clock() + pauseMs };
        logRefused(answers, log);
        if (outage) log("outbox.paused", { pauseMs, error: outage.outage, waiting: waiting.length });
      }
    } while (again && !stopped);
    running = undefined;
  };
  const wake = () => {
    if (stopped) return;
    again = true;
    running ??= work().catch((error) => {
      running = undefined;
      log("outbox.failed", { error: String(error) });
    });
  };
  db.onCommit(relayName, wake);
  const timer = timers.every(pollMs, wake);
  wake();
  return {
    idle: async () => {
      while (running) await running;
    },
    stop: async () => {
      stopped = true;
      timer.stop();
      while (running) await running;
    },
  };
}

function logRefused(answers: readonly Answer[], log: Log): void {
  for (const answer of answers) {
    if ("refused" in answer) log("outbox.refused", { job: answer.row.name, error: answer.refused });
  }
}

function nextRows(db: RootDatabase, now: number): Promise<WaitingRow[]> {
  return db.all<WaitingRow>(sql`
    SELECT seq, id, name, payload, flow, not_before, attempts FROM outbox
    WHERE published_at IS NULL AND (next_try_at <= ${now} OR next_try_at > ${now + longestPauseMs})
    ORDER BY next_try_at, seq LIMIT ${batchSize}`);
}

async function record(db: RootDatabase, answers: readonly Answer[], now: number): Promise<void> {
  const results = answers.flatMap((answer) => ("outage" in answer ? [] : [resultOf(answer, now)]));
  if (results.length === 0) return;
  await db.write([
    sql`
      UPDATE outbox SET attempts = attempts + 1, message_id = r.message_id, error = r.error, next_try_at = r.next_try,
        published_at = CASE WHEN r.message_id IS NULL THEN NULL ELSE ${now} END
      FROM (SELECT ${field("seq")} AS seq, ${field("messageId")} AS message_id, ${field("error")} AS error,
              ${field("nextTry")} AS next_try
            FROM ${rows(results)}) r
      WHERE outbox.seq = r.seq`,
  ]);
}

function resultOf(answer: Exclude<Answer, { outage: string }>, now: number) {
  const { seq, attempts } = answer.row;
  return "messageId" in answer
    ? { seq, messageId: answer.messageId, error: null, nextTry: 0 }
    : { seq, messageId: null, error: answer.refused, nextTry: now + backoffMs(attempts) };
}

/** What is to wait for longer has waited since before the clock was set back. */
const longestPauseMs = 60_000;

/** 0.25 s, doubling, at most a minute. */
function backoffMs(attempts: number): number {
  return Math.min(longestPauseMs, 250 * 2 ** attempts);
}
