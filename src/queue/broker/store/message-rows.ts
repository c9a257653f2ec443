import type { Database } from "bun:sqlite";
import type { Message } from "../records.ts";
import { messageStatements } from "./message-statements.ts";

/**
 * Messages: those that wait, and for the log those that ended. Both numbers are kept in memory: counting a million rows
 * takes a while.
 */
export function messageRows(db: Database) {
  const { insert, end, purge, counts, highest, ...statements } = messageStatements(db);
  let seq = highest.get()?.seq ?? 0;
  const counted = counts.get() ?? { all: 0, waiting: 0 };
  let waiting = counted.waiting;
  let ended = counted.all - waiting;

  return {
    ...statements,
    /** A number never used before in this process. */
    nextSeq: () => ++seq,
    insert(message: Omit<Message, "retried">) {
      insert.run({ ...message });
      waiting += 1;
    },
    /** Takes a message out of what waits; whether it was still there. */
    end(of: number, now: number): boolean {
      const { changes } = end.run(now, of);
      waiting -= changes;
      ended += changes;
      return changes > 0;
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
    /** Remembers both numbers; what it gives puts them back, for a transaction that is rolled back. */
    keepCounts() {
      const kept = { waiting, ended };
      return () => {
        waiting = kept.waiting;
        ended = kept.ended;
      };
    },
  };
}
