import type { Attempt } from "../records.ts";
import { extrasOf, type Message } from "../records.ts";
import { accept, type Placed } from "../store/accept.ts";
import { bury } from "../store/bury.ts";
import type { Store } from "../store/store.ts";
import { callbackDraft } from "./callback.ts";
import { logFailure } from "./log-failure.ts";
import { isFinal, retryDelay } from "./retry-delay.ts";

/**
 * What an attempt led to: done, another try at `retryAt` (ms), or the dead letters; and the callbacks it put in line.
 */
export interface Outcome {
  readonly end: "delivered" | "retried" | "dead" | "cancelled";
  readonly retryAt?: number;
  readonly placed: readonly Placed[];
}

/** Writes the outcome of an attempt with all that follows from it; to be called within a transaction. */
export function writeOutcome(store: Store, message: Message, attempt: Attempt, now: number): Outcome {
  const { status, headers } = attempt;
  if (status >= 200 && status < 300) return deliver(store, message, attempt, now);
  const hopeless = headers !== undefined && isFinal(status, headers);
  if (hopeless || message.retried >= message.retries) return giveUp(store, message, attempt, now);

  const wait = retryDelay(message.retried, extrasOf(message).retryDelay, headers, now);
  const retryAt = now + wait;
  const kept = store.postpone.run(message.retried + 1, retryAt, wait, message.seq).changes > 0;
  if (!kept) return cancelled;
  logFailure(store, message, attempt, now);
  store.log.run(message.seq, now, "RETRY", JSON.stringify({ next: retryAt }));
  return { end: "retried", retryAt, placed: callback(store, message, attempt, now) };
}

/** A message cancelled under way has no consequences. */
const cancelled: Outcome = { end: "cancelled", placed: [] };

function deliver(store: Store, message: Message, attempt: Attempt, now: number): Outcome {
  if (!store.end(message.seq, now)) return cancelled;
  store.log.run(message.seq, now, "DELIVERED", null);
  return { end: "delivered", placed: callback(store, message, attempt, now) };
}

function giveUp(store: Store, message: Message, attempt: Attempt, now: number): Outcome {
  if (!store.end(message.seq, now)) return cancelled;
  logFailure(store, message, attempt, now);
  store.log.run(message.seq, now, "FAILED", null);
  const dlqId = bury(store, message, attempt, now);
  const plan = extrasOf(message).failureCallback;
  const failure = plan && accept(store, callbackDraft(plan, message, attempt, dlqId), now).placed;
  return { end: "dead", placed: [...callback(store, message, attempt, now), ...(failure ? [failure] : [])] };
}

/** QStash calls the callback after every attempt; `retried` and `maxRetries` tell the last one. */
function callback(store: Store, message: Message, attempt: Attempt, now: number): Placed[] {
  const plan = extrasOf(message).callback;
  const placed = plan && accept(store, callbackDraft(plan, message, attempt), now).placed;
  return placed ? [placed] : [];
}
