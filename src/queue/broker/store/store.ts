import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { deadRows } from "./dead-rows.ts";
import { deduplicationRows } from "./deduplication-rows.ts";
import { flowRows } from "./flow-rows.ts";
import { lockFile } from "./lock.ts";
import { logRows } from "./log-rows.ts";
import { messageRows } from "./message-rows.ts";
import { migrate } from "./migrate.ts";
import { queueRows } from "./queue-rows.ts";
import { scheduleRows } from "./schedule-rows.ts";
import { settingRows } from "./setting-rows.ts";
import { topicRows } from "./topic-rows.ts";

/** The broker's file: its statements, each prepared once. Every commit is on disk when it returns. */
export type Store = ReturnType<typeof openStore>;

/** After a large transaction the write-ahead log is cut to this, bytes. */
const keptJournal = 16 * 1_048_576;

/** Opens, or makes, the broker's file, for itself alone. */
export function openStore(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  const unlock = lockFile(path);
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA busy_timeout = 2000");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run(`PRAGMA journal_size_limit = ${keptJournal}`);
  migrate(db);
  const freePages = db.query<{ freelist_count: number }, []>("PRAGMA freelist_count");
  return {
    db,
    ...messageRows(db),
    ...deadRows(db),
    ...scheduleRows(db),
    ...deduplicationRows(db),
    ...flowRows(db),
    ...queueRows(db),
    ...topicRows(db),
    ...logRows(db),
    ...settingRows(db),
    /** Pages of the file that hold nothing. */
    freePages: (): number => freePages.get()?.freelist_count ?? 0,
    close() {
      db.close();
      unlock();
    },
  };
}
