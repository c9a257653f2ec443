import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Message } from "../message.ts";
import { lockFile } from "./lock.ts";
import { deadStatements, keyStatements, messageStatements, scheduleStatements } from "./statements.ts";
import { migrate } from "./tables.ts";

/** The broker's file: its statements, each prepared once. Every commit is on disk when it returns. */
export type Store = ReturnType<typeof openStore>;

/** Opens, or makes, the broker's file, for itself alone. */
export function openStore(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  const unlock = lockFile(path);
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA busy_timeout = 2000");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  migrate(db);
  return {
    db,
    ...countedMessages(db),
    ...deadStatements(db),
    ...scheduleStatements(db),
    ...keyStatements(db),
    close() {
      db.close();
      unlock();
    },
  };
}

/** Messages, with their number kept in memory: counting a million rows takes a while. */
function countedMessages(db: Database) {
  const { insert, remove, removeWhere, ...statements } = messageStatements(db);
  const count = db.query<{ n: number }, []>("SELECT count(*) AS n FROM message");
  let seq = db.query<{ seq: number }, []>("SELECT coalesce(max(seq), 0) AS seq FROM message").get()?.seq ?? 0;
  let waiting = count.get()?.n ?? 0;
  const removed = (changes: number) => {
    waiting -= changes;
    return changes;
  };
  return {
    ...statements,
    /** A number never used before in this process. */
    nextSeq: () => ++seq,
    insert(message: Omit<Message, "retried">) {
      insert.run({ ...message });
      waiting += 1;
    },
    /** Whether it was still there. */
    remove: (of: number): boolean => removed(remove.run(of).changes) > 0,
    /** How many there were. */
    removeWhere: (where: string, values: readonly (string | number)[]): number => removed(removeWhere(where, values)),
    /** Messages not yet delivered or dead. */
    waiting: () => waiting,
    /** After a transaction was rolled back. */
    recount() {
      waiting = count.get()?.n ?? 0;
    },
  };
}
