import type { Database } from "bun:sqlite";
import type { Message } from "../message.ts";
import { messageStatements } from "./message-statements.ts";
import type { Values } from "./store.ts";

/** Messages: those that wait, and for the log those that ended. Both numbers are kept in memory: counting a million rows takes a while. */
export function messageRows(db: Database) {
  const { insert, end, endNext, purge, counts, highest, ...statements } = messageStatements(db);
  let seq = highest.get()?.seq ?? 0;
  let waiting = 0;
  let ended = 0;

  function recount(): void {
    const counted = counts.get();
    waiting = counted?.waiting ?? 0;
    ended = (counted?.all ?? 0) - waiting;
  }
  const endedNow = (changes: number) => {
    waiting -= changes;
    ended += changes;
    return changes;
  };
  recount();

  return {
    ...statements,
    /** A number never used before in this process. */
    nextSeq: () => ++seq,
    insert(message: Omit<Message, "retried">) {
      insert.run({ ...message });
      waiting += 1;
    },
    /** Takes a message out of what waits; whether it was still there. */
    end: (of: number, now: number): boolean => endedNow(end.run(now, of).changes) > 0,
    /** The same of the next `limit` messages after number `after` that a filter finds; says which, and the queues they were in. */
    endNext: (now: number, filter: { where: string; values: Values }, after: number, limit: number) => {
      const list = endNext(now, filter, after, limit);
      endedNow(list.length);
      return list;
    },
    /** Deletes messages that ended by `before`, with what the log says of them; how many. */
    purge(before: number, limit: number): number {
      const purged = purge(before, limit);
      ended -= purged;
      return purged;
    },
    /** Messages not yet delivered or dead. */
    waiting: () => waiting,
    /** Messages that are kept for the log alone. */
    ended: () => ended,
    /** After a transaction was rolled back. */
    recount,
  };
}
