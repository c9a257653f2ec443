import { type SQL, sql } from "drizzle-orm";
import { rows } from "../../db/bulk.ts";
import type { Database } from "../../db/client.ts";
import type { EventRange } from "./event.ts";

/** Events in one batch, and events looked at for them: bounds the time of a step, whatever happened in between. */
const batchSize = 500;
const scanLimit = 20_000;

/** A bounded range of events, both ends in it, that a consumer deals with in one step. */
export interface EventBatch extends EventRange {
  /** Whether none of them is of the consumer's types. */
  readonly empty: boolean;
  /** Which rows `e` of `event` they are: for a consumer that deals with all of them in one statement. */
  readonly where: SQL;
  /** The events themselves, in their order. */
  read(): Promise<RecordedEvent[]>;
}

/** An event as it was recorded. Its data may be older than the newest version of its shape. */
export interface RecordedEvent {
  readonly seq: number;
  readonly type: string;
  readonly version: number;
  readonly subject: string;
  readonly data: unknown;
  /** Milliseconds. */
  readonly at: number;
}

/** The next batch of a range, of these types; nothing where the range lies beyond all that was announced. */
export async function nextBatch(
  db: Database,
  types: readonly string[],
  { from, to }: EventRange,
): Promise<EventBatch | undefined> {
  const end = Math.min(to, from + scanLimit - 1);
  const found = await db.first<{ n: number; last: number | null; announced: number }>(sql`
    SELECT count(*) AS n, max(seq) AS last, (SELECT announced FROM event_mark) AS announced
    FROM (SELECT seq FROM event e WHERE ${within(types, { from, to: end })} ORDER BY seq LIMIT ${batchSize})`);
  // A range may lie ahead of the events when the database is an older copy of itself.
  if (!found || found.announced < from) return undefined;
  const last = found.n === batchSize && found.last !== null ? found.last : Math.min(end, found.announced);
  const where = within(types, { from, to: last });
  return { from, to: last, empty: found.n === 0, where, read: () => readEvents(db, where) };
}

function within(types: readonly string[], { from, to }: EventRange): SQL {
  return sql`e.seq BETWEEN ${from} AND ${to} AND e.type IN (SELECT value FROM ${rows(types)})`;
}

async function readEvents(db: Database, where: SQL): Promise<RecordedEvent[]> {
  const found = await db.all<Omit<RecordedEvent, "data"> & { data: string }>(
    sql`SELECT seq, type, version, subject, data, at FROM event e WHERE ${where} ORDER BY seq`,
  );
  return found.map((row) => ({ ...row, data: JSON.parse(row.data) }));
}
