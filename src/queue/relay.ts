import type { PublishBatchRequest } from "@upstash/qstash";
import { sql } from "drizzle-orm";
import { field, rows } from "../db/bulk.ts";
import type { RootDatabase } from "../db/client.ts";
import type { Queue, QueueSettings } from "./qstash.ts";

/** Messages in one batch request: QStash documents no bound, and this many has always been taken. */
const batchSize = 100;
/** How often the relay looks for rows that another process wrote, in milliseconds. */
const idleMs = 1_000;

export interface Relay {
  /** Resolves when nothing publishable is left. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

type Log = (event: string, fields: Record<string, unknown>) => void;

/**
 * Publishes what the outbox holds, in order, at most 100 at a time. It runs after every commit that added rows, and once a second
 * for rows of other processes. Publishing may repeat (a crash between the queue's answer and ours): the deduplication id absorbs it.
 * A queue that is down or asks for patience is asked again later, with growing pauses; the rows wait.
 */
export function startRelay(db: RootDatabase, queue: Queue, log: Log, clock: () => number = Date.now): Relay {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let pausedUntil = 0;

  const work = async () => {
    do {
      again = false;
      while (!stopped && clock() >= pausedUntil) {
        const waiting = await nextRows(db, clock());
        if (waiting.length === 0) break;
        const outcome = await publish(queue, waiting);
        await record(db, waiting, outcome, clock());
        if (outcome.pauseMs > 0) {
          pausedUntil = clock() + outcome.pauseMs;
          log("outbox.paused", { pauseMs: outcome.pauseMs, error: outcome.error, waiting: waiting.length });
        }
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
  db.onCommit((statements) => {
    if (statements.some((s) => /^\s*INSERT INTO outbox/.test(s.sql))) wake();
  });
  const timer = setInterval(wake, idleMs);
  wake();
  return {
    idle: async () => {
      while (running) await running;
    },
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      while (running) await running;
    },
  };
}

interface WaitingRow {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly payload: string;
  readonly flow: string | null;
  readonly not_before: number | null;
  readonly attempts: number;
}

function nextRows(db: RootDatabase, now: number): Promise<WaitingRow[]> {
  return db.all<WaitingRow>(sql`
    SELECT seq, id, name, payload, flow, not_before, attempts FROM outbox
    WHERE published_at IS NULL AND next_try_at <= ${now} ORDER BY next_try_at, seq LIMIT ${batchSize}`);
}

interface Outcome {
  /** Per row, in order: the queue's message id, or why it was not taken. */
  readonly items: readonly ({ readonly messageId: string } | { readonly error: string })[];
  readonly pauseMs: number;
  readonly error?: string;
}

async function publish(queue: Queue, waiting: readonly WaitingRow[]): Promise<Outcome> {
  try {
    const answers = await queue.client.batch(waiting.map((row) => toRequest(queue.settings, row)));
    return { items: waiting.map((_, i) => itemOf(answers[i])), pauseMs: 0 };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const tries = waiting[0]?.attempts ?? 0;
    return { items: waiting.map(() => ({ error: message })), pauseMs: backoffMs(tries), error: message };
  }
}

/** Every item of a batch answer is checked: the queue may take some and refuse others. */
function itemOf(answer: unknown): { messageId: string } | { error: string } {
  if (typeof answer === "object" && answer !== null && "messageId" in answer)
    return { messageId: String(answer.messageId) };
  return { error: JSON.stringify(answer ?? "the queue answered nothing for this message").slice(0, 500) };
}

function toRequest(settings: QueueSettings, row: WaitingRow): PublishBatchRequest {
  const flow = row.flow === null ? undefined : settings.flows[row.flow];
  return {
    url: `${settings.jobsUrl}/${row.name}`,
    body: row.payload,
    headers: { "Content-Type": "application/json" },
    deduplicationId: row.id,
    retries: settings.retries,
    label: row.name,
    failureCallback: `${settings.jobsUrl}/failed`,
    ...(row.not_before === null ? {} : { notBefore: Math.ceil(row.not_before / 1000) }),
    ...(flow ? { flowControl: { key: row.flow ?? "", parallelism: flow.parallelism, ...rateOf(flow) } } : {}),
  };
}

function rateOf(flow: { ratePerSecond?: number }): { rate?: number; period?: "1s" } {
  return flow.ratePerSecond === undefined ? {} : { rate: flow.ratePerSecond, period: "1s" };
}

async function record(db: RootDatabase, waiting: readonly WaitingRow[], outcome: Outcome, now: number): Promise<void> {
  const results = waiting.map((row, i) => {
    const item = outcome.items[i];
    const taken = item && "messageId" in item ? item.messageId : null;
    return {
      seq: row.seq,
      messageId: taken,
      error: item && "error" in item ? item.error : null,
      nextTry: taken ? 0 : now + backoffMs(row.attempts),
    };
  });
  await db.write([
    sql`
      UPDATE outbox SET attempts = attempts + 1, message_id = r.message_id, error = r.error, next_try_at = r.next_try,
        published_at = CASE WHEN r.message_id IS NULL THEN NULL ELSE ${now} END
      FROM (SELECT ${field("seq")} AS seq, ${field("messageId")} AS message_id, ${field("error")} AS error, ${field("nextTry")} AS next_try
            FROM ${rows(results)}) r
      WHERE outbox.seq = r.seq`,
  ]);
}

/** 0.25 s, doubling, at most a minute. */
function backoffMs(attempts: number): number {
  return Math.min(60_000, 250 * 2 ** attempts);
}
