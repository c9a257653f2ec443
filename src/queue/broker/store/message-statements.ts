import type { Database } from "bun:sqlite";
import type { Message } from "../records.ts";
import type { Named, Values } from "./parameters.ts";

/** Bodies up to this, bytes, are kept for the log after their message has ended. */
const keptBody = 4_096;

/** What is asked of the table of messages. */
export function messageStatements(db: Database) {
  const doomed = "(SELECT seq FROM message WHERE ended IS NOT NULL AND ended <= ?1 ORDER BY ended LIMIT ?2)";
  const purgeLog = db.query<never, [number, number]>(`DELETE FROM log WHERE message IN ${doomed}`);
  const purgeMessages = db.query<never, [number, number]>(`DELETE FROM message WHERE seq IN ${doomed}`);
  return {
    ...lookups(db),
    ...walks(db),
    ...waits(db),
    insert: db.query<never, [Named]>(
      `INSERT INTO message (seq, id, lane, due, created, starts, wait, url, method, header, body, retries,
                            label, flow, schedule, queue, slot, topic, ip, extras)
       VALUES ($seq, $id, $lane, $due, $created, $starts, $wait, $url, $method, $header, $body, $retries,
               $label, $flow, $schedule, $queue, $slot, $topic, $ip, $extras)`,
    ),
    end: db.query<never, [now: number, seq: number]>(
      `UPDATE message SET ended = ?, body = CASE WHEN length(body) > ${keptBody} THEN x'' ELSE body END
       WHERE seq = ? AND ended IS NULL`,
    ),
    purge(before: number, limit: number): number {
      purgeLog.run(before, limit);
      return purgeMessages.run(before, limit).changes;
    },
    postpone: db.query<never, [retried: number, due: number, wait: number, seq: number]>(
      "UPDATE message SET retried = ?, due = ?, wait = ? WHERE seq = ? AND ended IS NULL",
    ),
  };
}

/** Messages that wait for so long, and not until then. */
function waits(db: Database) {
  const dueAfter = db.query<{ due: number }, [after: number, limit: number]>(
    "SELECT due FROM message WHERE due > ? AND ended IS NULL ORDER BY due LIMIT 1 OFFSET ?",
  );
  const shorten = db.query<never, [after: number, last: number, now: number]>(
    `UPDATE message SET due = ?3 + wait
     WHERE due > ?1 AND due <= ?2 AND ended IS NULL AND wait IS NOT NULL AND due > ?3 + wait`,
  );
  return {
    /**
     * Of some `length` messages due after a time, has those that would wait for longer than their wait wait for that
     * from now; answers up to when it has looked, nothing at the end.
     */
    shortenAfter(after: number, now: number, length: number): number | undefined {
      const last = dueAfter.get(after, length)?.due;
      shorten.run(after, last ?? Number.MAX_SAFE_INTEGER, now);
      return last;
    },
  };
}

/** A message as it is looked for to be cancelled. */
interface Found {
  readonly seq: number;
  readonly queue: string | null;
}

/** Messages that wait, a chunk at a time: the numbers after `after` and before `before`. */
function walks(db: Database) {
  // What has ended lies between them, and so does a body between its row's beginning and most columns: no index, no
  // detour.
  const chunkEnd = db.query<{ last: number | null }, [after: number, before: number, length: number]>(
    "SELECT max(seq) AS last FROM (SELECT seq FROM message NOT INDEXED WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?)",
  );
  return {
    /** The number of the last of the next `length` messages, ended ones among them; nothing where there are none. */
    messageChunkEnd: (after: number, before: number, length: number): number | undefined =>
      chunkEnd.get(after, before, length)?.last ?? undefined,
    waitingWithin: (after: number, last: number, { where, values }: { where: string; values: Values }) =>
      db
        .prepare<Found, (string | number)[]>(
          `SELECT seq, queue FROM message NOT INDEXED WHERE seq > ? AND seq <= ? AND ended IS NULL AND (${where})`,
        )
        .all(after, last, ...values),
    waitingInQueue: db.query<Found, [queue: string, before: number, limit: number]>(
      "SELECT seq, queue FROM message WHERE queue = ? AND ended IS NULL AND seq < ? ORDER BY slot LIMIT ?",
    ),
    waitingOf: db.query<Found, [id: string]>("SELECT seq, queue FROM message WHERE id = ? AND ended IS NULL"),
  };
}

function lookups(db: Database) {
  const countDue = db.query<{ n: number }, [lane: string, now: number]>(
    "SELECT count(*) AS n FROM message WHERE lane = ? AND due <= ? AND ended IS NULL",
  );
  const countQueue = db.query<{ n: number }, [queue: string]>(
    "SELECT count(*) AS n FROM message WHERE queue = ? AND ended IS NULL",
  );
  return {
    counts: db.query<{ all: number; waiting: number }, []>(
      `SELECT (SELECT count(*) FROM message) AS "all", (SELECT count(*) FROM message WHERE ended IS NULL) AS waiting`,
    ),
    highest: db.query<{ seq: number }, []>("SELECT coalesce(max(seq), 0) AS seq FROM message"),
    load: db.query<Message, [seq: number]>("SELECT * FROM message WHERE seq = ? AND ended IS NULL"),
    find: db.query<Message, [id: string]>("SELECT * FROM message WHERE id = ? AND ended IS NULL"),
    /** What is due in a lane, in order (index message_by_lane covers it). */
    dueInLane: db.query<{ seq: number }, [lane: string, now: number, limit: number]>(
      "SELECT seq FROM message WHERE lane = ? AND due <= ? AND ended IS NULL ORDER BY due, seq LIMIT ?",
    ),
    /** The next (due, lane) after a mark: one seek in message_by_due, however many messages share the pair. */
    laneAfter: db.query<{ due: number; lane: string }, [due: number, lane: string, until: number]>(
      `SELECT due, lane FROM message WHERE (due, lane) > (?, ?) AND due <= ? AND ended IS NULL
       ORDER BY due, lane LIMIT 1`,
    ),
    /** What is in the first `slots` slots of a queue, due or not, in order. */
    headOfQueue: db.query<{ seq: number; due: number }, [queue: string, slots: number]>(
      `SELECT seq, due FROM message WHERE queue = ?1 AND ended IS NULL AND slot IN
         (SELECT DISTINCT slot FROM message WHERE queue = ?1 AND ended IS NULL ORDER BY slot LIMIT ?2)
       ORDER BY slot, seq`,
    ),
    countDueInLane: (lane: string, now: number): number => countDue.get(lane, now)?.n ?? 0,
    countInQueue: (queue: string): number => countQueue.get(queue)?.n ?? 0,
  };
}
