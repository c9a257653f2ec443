import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { enqueue } from "../queue/outbox.ts";
import { addressFault } from "./address.ts";
import { bodiesToPost } from "./body.ts";
import { retrySchedule } from "./delivery.ts";
import { flowOf, webhookSend } from "./messages.ts";
import { noted } from "./note.ts";
import { secretsAt } from "./secret.ts";

/** How long an endpoint may fail without taking anything before it is disabled, in milliseconds. */
const patienceMs = 5 * 24 * 3_600_000;
/** A message may come so much before its time, in milliseconds: clocks differ. */
const earlyMs = 2_000;
/** The longest pause that a receiver may ask for, in seconds. */
const longestPause = 86_400;

/** One attempt that is to be made: where to, what, and what signs it. */
export interface Attempt {
  readonly delivery: number;
  readonly webhook: number;
  readonly url: string;
  /** The message's id, the same at every attempt. */
  readonly message: string;
  readonly body: string;
  readonly secrets: readonly string[];
  readonly isTest: boolean;
  /** Attempts before this one; `round` counts those since it was last begun. */
  readonly attempts: number;
  readonly round: number;
}

/** What came of it. */
export interface AttemptOutcome {
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** Why it failed, in words of ours; null = the receiver took it. */
  readonly error: string | null;
  /** What the receiver said to refuse it; null when it said nothing. */
  readonly answer: string | null;
  /** When the receiver asks to be called again, in seconds. */
  readonly retryAfter?: number | undefined;
}

/**
 * The attempt that is due, if one is: nothing is sent again that was taken, nothing before its time, nothing to who no
 * longer wants it.
 */
export async function beginAttempt(ctx: Context, { delivery }: { delivery: number }): Promise<Attempt | undefined> {
  const now = ctx.clock();
  const row = await ctx.db.first<Row>(sql`
    SELECT d.id AS delivery, d.webhook, d.message, d.type, d.body, d.event, d.attempts, d.round,
      w.url, w.enabled, w.deleted_at AS "deletedAt",
      w.secret, w.old_secret AS "oldSecret", w.old_until AS "oldUntil"
    FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook
    WHERE d.id = ${delivery} AND d.state = 'PENDING' AND d.due_at <= ${now + earlyMs}`);
  if (!row) return undefined;
  const isTest = row.event === null;
  const secrets = secretsAt(ctx, row, now);
  const unwanted = refusalOf(row, isTest, ctx.settings.httpsOnly) ?? (secrets.length === 0 ? unreadable : undefined);
  if (unwanted) {
    await ctx.db.write([
      sql`UPDATE webhook_delivery SET state = 'FAILED', error = ${unwanted}, ended_at = ${now} WHERE ${still(row)}`,
    ]);
    return undefined;
  }
  const { webhook, url, message, attempts, round } = row;
  const [body = row.body] = await bodiesToPost(ctx, [row]);
  return { delivery, webhook, url, message, body, secrets, isTest, attempts, round };
}

interface Row {
  readonly delivery: number;
  readonly webhook: number;
  readonly message: string;
  readonly type: string;
  readonly body: string;
  readonly event: number | null;
  readonly attempts: number;
  readonly round: number;
  readonly url: string;
  readonly enabled: number;
  readonly deletedAt: number | null;
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldUntil: number | null;
}

const unreadable = "its secret cannot be read, for LINK_SECRET is another one now: rotate the secret";

function refusalOf(row: Row, isTest: boolean, httpsOnly: boolean): string | undefined {
  if (row.deletedAt !== null) return "the endpoint was deleted";
  if (!row.enabled && !isTest) return "the endpoint is disabled";
  const fault = addressFault(row.url, httpsOnly);
  return fault && `its address ${fault}`;
}

/**
 * Records what came of an attempt and, where it failed, leaves a message for the next one. An endpoint that is gone
 * (410) is disabled at once, one that has taken nothing for five days, too. A second record of the same attempt changes
 * nothing.
 */
export async function recordAttempt(ctx: Context, attempt: Attempt, outcome: AttemptOutcome): Promise<void> {
  const now = ctx.clock();
  if (outcome.error === null) await ctx.db.write(taken(attempt, outcome, now));
  else await ctx.db.write(failed(ctx, attempt, outcome, now));
}

/** Whatever a delivery of the same message recorded meanwhile: what was taken is done. */
function taken({ delivery, webhook }: Attempt, { status }: AttemptOutcome, now: number): Query[] {
  return [
    sql`
      UPDATE webhook_delivery
      SET state = 'DONE', attempts = attempts + 1, status = ${status}, error = NULL, answer = NULL,
        ended_at = ${now}
      WHERE id = ${delivery} AND state = 'PENDING'`,
    sql`UPDATE webhook SET failing_since = NULL WHERE id = ${webhook} AND failing_since IS NOT NULL`,
  ];
}

function failed(ctx: Context, attempt: Attempt, outcome: AttemptOutcome, now: number): Query[] {
  const { webhook, isTest, round } = attempt;
  const delay = retrySchedule[round];
  if (isTest) return [ended(attempt, outcome, now)];
  if (outcome.status === 410) {
    return [ended(attempt, outcome, now), ...disabled(ctx, webhook, "disabled: it answered 410 Gone", sql`1`)];
  }
  return [
    ...(delay === undefined ? [ended(attempt, outcome, now)] : again(ctx, attempt, outcome, delay)),
    sql`UPDATE webhook SET failing_since = coalesce(failing_since, ${now}) WHERE id = ${webhook}`,
    ...disabled(ctx, webhook, "disabled: it took nothing for five days", sql`failing_since <= ${now - patienceMs}`),
  ];
}

/**
 * The pause is up to a tenth longer than the schedule says, so that what failed together does not come back together.
 */
function again(
  ctx: Context,
  attempt: Attempt,
  { status, error, answer, retryAfter = 0 }: AttemptOutcome,
  delay: number,
): Query[] {
  const now = ctx.clock();
  const seconds = Math.max(delay * (1 + ctx.random() / 10), Math.min(retryAfter, longestPause));
  const dueAt = Math.ceil(now + seconds * 1_000);
  const { delivery, webhook } = attempt;
  const message = webhookSend.of({ delivery }, { flow: flowOf(webhook), notBefore: dueAt });
  return [
    enqueue(ctx, [message], sql`EXISTS (SELECT 1 FROM webhook_delivery WHERE ${still(attempt)})`),
    sql`
      UPDATE webhook_delivery
      SET attempts = attempts + 1, round = round + 1, status = ${status}, error = ${error}, answer = ${answer},
        due_at = ${dueAt}
      WHERE ${still(attempt)}`,
  ];
}

function disabled(ctx: Context, webhook: number, note: string, where: SQL): Query[] {
  const now = ctx.clock();
  return [
    sql`UPDATE webhook SET enabled = 0, updated_at = ${now} WHERE id = ${webhook} AND enabled = 1 AND ${where}`,
    noted(ctx, webhook, note, sql`changes() > 0`),
  ];
}

function ended(attempt: Attempt, { status, error, answer }: AttemptOutcome, now: number): Query {
  return sql`
    UPDATE webhook_delivery
    SET state = 'FAILED', attempts = attempts + 1, status = ${status}, error = ${error}, answer = ${answer},
      ended_at = ${now}
    WHERE ${still(attempt)}`;
}

/** Whether nobody has recorded this attempt yet. */
function still({ delivery, attempts }: Pick<Attempt, "delivery" | "attempts">): SQL {
  return sql`id = ${delivery} AND state = 'PENDING' AND attempts = ${attempts}`;
}
