import { parseDuration } from "../duration.ts";
import { evaluateDelay } from "./delay-expression.ts";

/** A day: no retry waits longer. */
const longestMs = 86_400_000;
/** Where a destination says when it wants to be asked again, the first that does. */
const delayHeaders = ["retry-after", "x-ratelimit-reset", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"];

/** QStash's backoff in ms before retry `n` (from 1): min(86400, e^(2.5 n)) seconds. */
export function backoff(n: number): number {
  return Math.min(longestMs, Math.round(Math.exp(2.5 * n) * 1_000));
}

/**
 * Ms to wait before the next attempt of a message that failed `retried + 1` times. The destination's own word
 * (Retry-After and its kin, up to a day) wins over the sender's expression, that over the backoff.
 */
export function retryDelay(
  retried: number,
  expression: string | undefined,
  answer: Headers | undefined,
  now: number,
): number {
  const asked = answer && askedDelay(answer, now);
  if (asked !== undefined) return asked;
  const own = expression === undefined ? undefined : evaluateDelay(expression, retried);
  return own === undefined ? backoff(retried + 1) : Math.min(longestMs, Math.max(0, Math.round(own)));
}

/** Whether the destination says that no retry will help: status 489 with `Upstash-NonRetryable-Error: true`. */
export function isFinal(status: number, answer: Headers): boolean {
  return status === 489 && answer.get("upstash-nonretryable-error")?.toLowerCase() === "true";
}

function askedDelay(answer: Headers, now: number): number | undefined {
  for (const name of delayHeaders) {
    const value = answer.get(name)?.trim();
    if (!value) continue;
    const ms = readDelay(value, now);
    if (ms !== undefined && ms >= 0 && ms <= longestMs) return ms;
  }
  return undefined;
}

function readDelay(value: string, now: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(value)) return Math.round(Number(value) * 1_000);
  const duration = parseDuration(value);
  if (duration !== undefined) return duration;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
