import { type SQL, sql } from "drizzle-orm";
import { field, rows } from "../db/bulk.ts";
import { notifying, type Query, type Statement } from "../db/statement.ts";
import type { World } from "../world.ts";
import type { Message, MessageType } from "./message.ts";

/** Who listens to the commits of what is to be published. */
export const relayName = "relay";

/** What it takes to put a message into the outbox: the moment, and an id. */
type OutboxWorld = Pick<World, "clock" | "id">;

/**
 * The statement that puts messages into the outbox. It goes into the same batch or transaction as the change that
 * causes them: both commit or neither. The row's id becomes the deduplication id, so enqueueing again makes a message
 * of its own. With a `guard` it does so only where that holds.
 */
export function enqueue({ clock, id }: OutboxWorld, messages: readonly Message[], guard: SQL = sql`1`): Statement {
  const list = messages.map(({ name, payload, subject, flow, notBefore }) => ({
    id: id(),
    name,
    payload: JSON.stringify(payload),
    subject,
    flow: flow ?? null,
    notBefore: notBefore ?? null,
  }));
  const columns = [field("id"), field("name"), field("payload"), field("subject"), field("flow"), field("notBefore")];
  return intoOutbox(sql`SELECT ${sql.join(columns, sql`, `)}, ${clock()} FROM ${rows(list)} WHERE ${guard}`);
}

/**
 * A guard for {@link enqueue}: no message about the subject is meant for later than now, or for a time from now until
 * `upTo`, where that is said. So repeats of what leaves one leave no second.
 */
export function noneAhead(subject: string, now: number, upTo?: number): SQL {
  const soon = upTo === undefined ? sql`` : sql` AND not_before <= ${upTo}`;
  return sql`NOT EXISTS (SELECT 1 FROM outbox WHERE subject = ${subject} AND not_before > ${now}${soon})`;
}

/** The columns of an outbox row that {@link enqueueEach} computes in SQL from the rows of a query. */
export interface OutboxRow {
  /**
   * Tells the rows of one statement apart, in letters, digits and hyphens: with an id of the statement's own it makes
   * theirs, unique over all installations. It may be left out where there can be no more than one row.
   */
  readonly key?: SQL;
  /** JSON text that the message's schema accepts. */
  readonly payload: SQL;
  readonly subject: SQL;
  /** Unless that of its type. */
  readonly flow?: string | SQL;
  /** Not published before (ms). */
  readonly notBefore?: SQL;
}

/**
 * Like {@link enqueue}, for one message per row of `from`: how set-based statements publish what they have just made.
 */
export function enqueueEach(
  { clock, id }: OutboxWorld,
  type: Pick<MessageType<never>, "name" | "flow">,
  row: OutboxRow,
  from: SQL,
): Statement {
  const { key, payload, subject, flow = type.flow ?? null, notBefore = sql`NULL` } = row;
  const rowId = key ? sql`${id()} || '-' || ${key}` : sql`${id()}`;
  return intoOutbox(
    sql`SELECT ${rowId}, ${type.name}, ${payload}, ${subject}, ${flow}, ${notBefore}, ${clock()} FROM ${from}`,
  );
}

function intoOutbox(select: SQL): Statement {
  return notifying(
    relayName,
    sql`INSERT INTO outbox (id, name, payload, subject, flow, not_before, created_at) ${select}`,
  );
}

/** Forgets messages that were published before a time (ms), a bounded number at once. */
export function forgetPublished(before: number): Query {
  return sql`DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE published_at < ${before} LIMIT 10000)`;
}

/** Takes a message out that is not published yet; the relay may have it in its hands all the same. */
export function dropUnpublished(seq: number): Query {
  return sql`DELETE FROM outbox WHERE seq = ${seq} AND published_at IS NULL`;
}

/** Lets the relay try a message at once that the queue would not have. */
export function tryAtOnce(seq: number): Statement {
  return notifying(relayName, sql`UPDATE outbox SET next_try_at = 0 WHERE seq = ${seq} AND published_at IS NULL`);
}
