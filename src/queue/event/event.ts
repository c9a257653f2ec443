import { type Placeholder, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { field, rows } from "../../db/bulk.ts";
import type { Database } from "../../db/client.ts";
import { notifying, type Query, type Statement } from "../../db/statement.ts";
import type { World } from "../../world.ts";
import { eventFlow } from "../flow.ts";
import { defineMessage } from "../message.ts";
import { enqueueEach, relayName } from "../outbox.ts";

/** A kind of event: something that happened in one domain and that others may care about. */
export interface EventType<Data> {
  /** A noun and what became of it, e.g. `run.completed`. */
  readonly type: string;
  /** Of the shape of its data. A shape only ever grows: a new version adds optional fields. */
  readonly version: number;
  readonly schema: z.ZodType<Data>;
  /** How the world outside is told its data. */
  readonly outside: Outside;
  of(subject: string, data: Data): Event;
}

/** What the world outside is told in other words than events are recorded in; the names are those of the data. */
export interface Outside<Name extends string = string> {
  /** Numbers of rows, by their types: told as global ids, `run` as `runId`. */
  readonly ids?: { readonly [Each in Name]?: string };
  /** Milliseconds: told as RFC 3339. */
  readonly times?: readonly Name[];
  /** Minor units of the data's `currency`: told with it. */
  readonly money?: readonly Name[];
  /** A member's public id: told as `memberId`, the global id, and `externalId`, the shop's own. */
  readonly member?: Name;
}

/** One event to be recorded. */
export interface Event {
  readonly type: string;
  readonly version: number;
  /** What it happened to, e.g. `run/7`. */
  readonly subject: string;
  readonly data: unknown;
}

/** Defines a kind of event. Its data holds ids and sums, and nobody's address. */
export function defineEvent<Data>(
  type: string,
  version: number,
  schema: z.ZodType<Data>,
  outside: Outside<keyof Data & string> = {},
): EventType<Data> {
  return {
    type,
    version,
    schema,
    outside,
    of: (subject, data) => ({ type, version, subject, data: schema.parse(data) }),
  };
}

/** A range of events by their numbers, both ends in it. */
export const EventRange = z.object({ from: z.int().positive(), to: z.int().positive() });
export type EventRange = z.infer<typeof EventRange>;

/** There are new events: the one message that goes to every consumer. */
export const eventsAnnounced = defineMessage("events", EventRange, () => "events", { flow: eventFlow });

/**
 * The statement that records events, for the batch or transaction of the change that they tell of: they commit with it
 * or not at all, and are announced by themselves. With a `guard` it does so only where that holds.
 */
export function record(events: readonly Event[], now: number, guard: SQL = sql`1`): Statement {
  return intoEvents(sql`
    SELECT ${field("type")}, ${field("version")}, ${field("subject")}, ${sql.raw("(value -> 'data')")}, ${now}
    FROM ${rows(events)} WHERE ${guard} ORDER BY key`);
}

/** The columns of an event that {@link recordEach} computes in SQL from the rows of a query. */
export interface EventRow {
  readonly subject: SQL;
  /** JSON text that the event's schema accepts. */
  readonly data: SQL;
}

/**
 * Like {@link record}, for one event per row of `from`: any number of events is one statement, and one message. The
 * type may itself be computed. Right behind the change that it tells of, `from` may ask for `changes() > 0`.
 */
export function recordEach(
  type: { readonly type: string | SQL; readonly version: number },
  row: EventRow,
  from: SQL,
  at: number | SQL,
): Statement {
  return announced(recordingEach(type, row, from, at));
}

/** What {@link recordEach} does, for a text that is made once; what comes of it is to be {@link announced}. */
export function recordingEach(
  { type, version }: { readonly type: string | SQL; readonly version: number },
  { subject, data }: EventRow,
  from: SQL,
  at: number | SQL | Placeholder,
): SQL {
  return into(sql`SELECT ${type}, ${version}, ${subject}, ${data}, ${at} FROM ${from}`);
}

/** A statement that records events: the relay announces them. */
export function announced(query: Query): Statement {
  return notifying(relayName, query);
}

function intoEvents(select: SQL): Statement {
  return announced(into(select));
}

function into(select: SQL): SQL {
  return sql`INSERT INTO event (type, version, subject, data, at) ${select}`;
}

type AnnounceContext = Pick<World, "clock" | "id"> & { readonly db: Database };

const newest = sql`(SELECT max(seq) FROM event)`;

/**
 * Leaves one message for all events that are not announced yet; none where there are none, or nobody reads them. The
 * rows of `event` are themselves the durable intent, so the relay does this when it comes by: producers pay for one
 * statement, and a burst of changes is one message.
 */
export async function announceEvents(ctx: AnnounceContext): Promise<void> {
  const { db } = ctx;
  if (!(await db.first(sql`SELECT 1 FROM event_mark WHERE announced < ${newest}`))) return;
  await db.write([
    enqueueEach(
      ctx,
      eventsAnnounced,
      {
        payload: sql`json_object('from', announced + 1, 'to', ${newest})`,
        subject: sql`'events'`,
      },
      sql`event_mark WHERE announced < ${newest} AND EXISTS (SELECT 1 FROM consumer WHERE retired_at IS NULL)`,
    ),
    sql`UPDATE event_mark SET announced = ${newest} WHERE announced < ${newest}`,
  ]);
}

/** How long an event is kept at least, in milliseconds, and how many are forgotten at once. */
const keepMs = 30 * 24 * 3_600_000;
const forgetBatchSize = 10_000;

/**
 * Forgets old events that every consumer is past, a batch at a time; what was parked of them can then no longer be
 * replayed.
 */
export function forgetEvents(now: number): Query[] {
  const before = now - keepMs;
  return [
    sql`
      DELETE FROM event WHERE seq < (SELECT min(seq) FROM event) + ${forgetBatchSize} AND at < ${before}
        AND seq <= (
          SELECT min(announced, coalesce((SELECT min(cursor) FROM consumer WHERE retired_at IS NULL), announced))
          FROM event_mark)`,
    sql`DELETE FROM parked_range WHERE at < ${before}`,
  ];
}
