import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import type { Query } from "../../db/statement.ts";
import type { World } from "../../world.ts";
import { eventFlow } from "../flow.ts";
import { defineMessage, type MessageType } from "../message.ts";
import { enqueueEach } from "../outbox.ts";
import { EventRange } from "./event.ts";

/**
 * Moves a cursor past a batch that begins right behind it. Where it stands elsewhere the statement fails, and with it
 * all that is written with it: a cursor cannot be null.
 */
export function moveCursor(name: string, { from, to }: EventRange, now: number): Query {
  return move(name, sql`cursor = ${from - 1}`, sql`${to}`, now);
}

function move(name: string, holds: SQL, to: SQL, now: number): Query {
  return sql`
    UPDATE consumer
    SET cursor = CASE WHEN ${holds} THEN ${to} END, stuck_from = NULL, stuck_to = NULL, moved_at = ${now}
    WHERE name = ${name}`;
}

/** Remembers the batch that failed, while the cursor stands before it. */
export function noteStuck(name: string, { from, to }: EventRange): Query {
  return sql`UPDATE consumer SET stuck_from = ${from}, stuck_to = ${to} WHERE name = ${name} AND cursor = ${from - 1}`;
}

/** A parked range that is left. */
export type Parked = EventRange;

/** What is parked of a range, in order. */
export function parkedIn(db: Database, name: string, { from, to }: EventRange): Promise<Parked[]> {
  return db.all<Parked>(sql`
    SELECT from_seq AS "from", to_seq AS "to" FROM parked_range
    WHERE consumer = ${name} AND from_seq <= ${to} AND to_seq >= ${from} ORDER BY from_seq`);
}

/**
 * Takes what was dealt with, up to `done`, off a parked range; fails with its batch where the range is not parked so
 * any more.
 */
export function unparkBatch(name: string, { from, to }: Parked, done: number): Query[] {
  const row = sql`consumer = ${name} AND from_seq = ${from}`;
  return [
    sql`
      UPDATE consumer
      SET cursor = CASE WHEN EXISTS (SELECT 1 FROM parked_range WHERE ${row} AND to_seq = ${to}) THEN cursor END
      WHERE name = ${name}`,
    done < to
      ? sql`UPDATE parked_range SET from_seq = ${done + 1} WHERE ${row}`
      : sql`DELETE FROM parked_range WHERE ${row}`,
  ];
}

/** Parks a range right behind the cursor, moves the cursor past it, and leaves one message for what follows. */
export function parkBatch(world: Pick<World, "clock" | "id">, name: string, { from, to }: EventRange): Query[] {
  const now = world.clock();
  const here = sql`EXISTS (SELECT 1 FROM consumer WHERE name = ${name} AND cursor = ${from - 1})`;
  return [
    sql`INSERT INTO parked_range (consumer, from_seq, to_seq, at) SELECT ${name}, ${from}, ${to}, ${now} WHERE ${here}
      ON CONFLICT DO UPDATE SET to_seq = max(to_seq, excluded.to_seq)`,
    sql`
      UPDATE consumer SET cursor = ${to}, stuck_from = NULL, stuck_to = NULL, moved_at = ${now}
      WHERE name = ${name} AND cursor = ${from - 1}`,
    announceTo(world, name, sql`${to}`),
  ];
}

/** The job of a consumer. */
export function jobOf(consumer: string): string {
  return `event-${consumer}`;
}

/** There are events behind a consumer's cursor: the message for it alone. */
export function consumerMessage(consumer: string): MessageType<EventRange> {
  const job = jobOf(consumer);
  return defineMessage(job, EventRange, () => job, { flow: eventFlow });
}

/**
 * Tells one consumer, by a message of its own, of the events behind its cursor, where `cursor` is where it stands.
 * Nothing where there are none, or such a message already waits to be published.
 */
export function announceTo(world: Pick<World, "clock" | "id">, name: string, cursor: SQL): Query {
  const job = jobOf(name);
  return enqueueEach(
    world,
    consumerMessage(name),
    {
      payload: sql`json_object('from', c.cursor + 1, 'to', m.announced)`,
      subject: sql`${job}`,
    },
    sql`
      consumer c, event_mark m WHERE c.name = ${name} AND c.cursor = ${cursor} AND c.cursor < m.announced
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE subject = ${job} AND published_at IS NULL)`,
  );
}
