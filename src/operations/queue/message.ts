import type { Context } from "../../context.ts";
import { defaultFlow } from "../../queue/flow.ts";
import { nameAtQueue } from "../../queue/installation.ts";
import type { LogEntry } from "./log.ts";
import type { OutboxRow } from "./outbox.ts";
import { subjectOf } from "./republishable.ts";

/** Where a message is, as its own records tell: what holds it there is another question. */
export const queueMessageStates = [
  "OUTBOX",
  "WAITING",
  "RUNNING",
  "RETRYING",
  "DELIVERED",
  "DEAD",
  "CANCELLED",
  "UNKNOWN",
] as const;
export type QueueMessageState = (typeof queueMessageStates)[number];

/** One try to deliver a message. */
export interface Attempt {
  /** When it began (ms). */
  readonly at: number;
  /** UNKNOWN: nobody heard how it ended. */
  readonly outcome: "RUNNING" | "DELIVERED" | "FAILED" | "UNKNOWN";
  readonly endedAt: number | null;
  /** HTTP status, where it failed with one. */
  readonly status: number | null;
  /** What the failure said, shortened. */
  readonly answer: string | null;
  /** When it was to be tried again (ms). */
  readonly nextAt: number | null;
}

/** A message with what became of it. */
export interface QueueMessage {
  /** The queue's name for it; the outbox's while it waits there. */
  readonly id: string;
  readonly job: string;
  readonly label: string | null;
  /** What it is about, e.g. `page/7/12`. */
  readonly subject: string | null;
  readonly payload: unknown;
  readonly flow: string | null;
  readonly state: QueueMessageState;
  /** When it was committed or, not being of the outbox, published (ms). */
  readonly createdAt: number | null;
  /** Not delivered before (ms). */
  readonly notBefore: number | null;
  /** Oldest first. */
  readonly attempts: readonly Attempt[];
  /** When it reached its state (ms). */
  readonly since: number | null;
  readonly row: OutboxRow | null;
}

/**
 * A message from its row, for those of the outbox, and what the log has about it, oldest first. One of them must be
 * there.
 */
export function toMessage(
  ctx: Context,
  id: string,
  row: OutboxRow | undefined,
  history: readonly LogEntry[] = [],
): QueueMessage {
  const last = history.at(-1);
  const job = last?.job ?? row?.name ?? "";
  const payload = row ? JSON.parse(row.payload) : last?.payload;
  const state = row?.published_at === null ? "OUTBOX" : stateOf(history);
  return {
    id,
    job,
    label: last?.label ?? (row ? nameAtQueue(ctx.queue.settings, row.name) : null),
    subject: row?.subject ?? subjectOf(ctx, job, payload),
    payload,
    flow: last?.flow ?? (row ? (row.flow ?? defaultFlow) : null),
    state,
    createdAt: row?.created_at ?? history[0]?.at ?? null,
    notBefore: row?.not_before ?? null,
    attempts: attemptsOf(history, state),
    since: last?.at ?? row?.published_at ?? row?.created_at ?? null,
    row: row ?? null,
  };
}

const states: Readonly<Record<string, QueueMessageState>> = {
  CREATED: "WAITING",
  ACTIVE: "RUNNING",
  ERROR: "RETRYING",
  RETRY: "RETRYING",
  DELIVERED: "DELIVERED",
  FAILED: "DEAD",
  CANCEL_REQUESTED: "CANCELLED",
  CANCELLED: "CANCELLED",
};

/** The state that a message's entries, oldest first, lead to. */
export function stateOf(history: readonly LogEntry[]): QueueMessageState {
  return states[history.at(-1)?.state ?? ""] ?? "UNKNOWN";
}

/**
 * An attempt begins with ACTIVE and ends with what follows; of one whose beginning is not in the log the end is enough.
 */
function attemptsOf(history: readonly LogEntry[], state: QueueMessageState): Attempt[] {
  const attempts: Attempt[] = [];
  const end = (changes: Partial<Attempt>, at: number) => {
    const last = attempts.at(-1);
    const open = last && (last.endedAt === null || saysNothing(last)) ? attempts.pop() : undefined;
    attempts.push({ ...(open ?? begun(at)), endedAt: at, ...changes });
  };
  for (const { state: what, at, status, answer, nextAt } of history) {
    if (what === "ACTIVE") attempts.push(begun(at));
    else if (what === "DELIVERED") end({ outcome: "DELIVERED" }, at);
    else if (what === "ERROR") end({ outcome: "FAILED", status, answer, ...(nextAt !== null && { nextAt }) }, at);
    else if (what === "RETRY") {
      const failed = attempts.pop() ?? begun(at);
      attempts.push({ ...failed, outcome: "FAILED", endedAt: failed.endedAt ?? at, nextAt: nextAt ?? failed.nextAt });
    }
  }
  const last = attempts.at(-1);
  if (state !== "RUNNING" || !last) return attempts;
  return [...attempts.slice(0, -1), { ...last, outcome: "RUNNING" }];
}

/** Whether it is known to have failed and nothing else: the entry with the answer is yet to come. */
function saysNothing({ outcome, status, answer }: Attempt): boolean {
  return outcome === "FAILED" && status === null && answer === null;
}

function begun(at: number): Attempt {
  return { at, outcome: "UNKNOWN", endedAt: null, status: null, answer: null, nextAt: null };
}

/** When the queue is to deliver a message that waits (ms); null for at once. */
export function dueAt({ state, notBefore, attempts }: QueueMessage): number | null {
  return state === "RETRYING" ? (attempts.at(-1)?.nextAt ?? null) : notBefore;
}

/** The last attempt that failed, in words. */
export function lastFailure({ attempts }: QueueMessage): string | null {
  const failed = attempts.findLast(({ outcome }) => outcome === "FAILED");
  if (!failed) return null;
  const answer = failed.answer?.slice(0, 200) ?? "no answer";
  return failed.status === null ? answer : `${failed.status} ${answer}`;
}
