import type { Database } from "bun:sqlite";

/**
 * Brings the broker's file to the newest shape. `PRAGMA user_version` counts the steps done; steps are only ever added.
 */
export function migrate(db: Database): void {
  const done = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (done > steps.length) throw new Error("The queue's file was written by a newer version of the broker.");
  for (const [index, step] of steps.entries()) {
    if (index < done) continue;
    db.transaction(() => {
      db.run(step);
      db.run(`PRAGMA user_version = ${index + 1}`);
    })();
  }
}

const steps = [
  `CREATE TABLE message (
     seq INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     lane TEXT NOT NULL,
     due INTEGER NOT NULL,
     created INTEGER NOT NULL,
     starts INTEGER NOT NULL,
     url TEXT NOT NULL,
     method TEXT NOT NULL,
     header TEXT NOT NULL,
     body BLOB NOT NULL,
     retried INTEGER NOT NULL DEFAULT 0,
     retries INTEGER NOT NULL,
     label TEXT,
     flow TEXT,
     schedule TEXT,
     extras TEXT
   ) STRICT;
   CREATE INDEX message_by_lane ON message (lane, due);
   CREATE INDEX message_by_due ON message (due, lane);

   CREATE TABLE dead (
     seq INTEGER PRIMARY KEY,
     id TEXT NOT NULL,
     created INTEGER NOT NULL,
     starts INTEGER NOT NULL,
     url TEXT NOT NULL,
     method TEXT NOT NULL,
     header TEXT NOT NULL,
     body BLOB NOT NULL,
     retried INTEGER NOT NULL,
     retries INTEGER NOT NULL,
     label TEXT,
     flow TEXT,
     schedule TEXT,
     extras TEXT,
     died INTEGER NOT NULL,
     status INTEGER,
     answerHeader TEXT,
     answerBody BLOB
   ) STRICT;
   CREATE INDEX dead_by_time ON dead (died);
   CREATE INDEX dead_by_message ON dead (id);
   CREATE INDEX dead_by_flow ON dead (flow) WHERE flow IS NOT NULL;

   CREATE TABLE deduplication (key TEXT PRIMARY KEY, id TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX deduplication_by_time ON deduplication (until);

   CREATE TABLE flow (key TEXT PRIMARY KEY, parallelism INTEGER, rate INTEGER, period INTEGER) STRICT, WITHOUT ROWID;

   CREATE TABLE schedule (
     id TEXT PRIMARY KEY,
     cron TEXT NOT NULL,
     created INTEGER NOT NULL,
     next INTEGER,
     last INTEGER,
     paused INTEGER NOT NULL DEFAULT 0,
     url TEXT NOT NULL,
     method TEXT NOT NULL,
     header TEXT NOT NULL,
     body BLOB NOT NULL,
     delay INTEGER NOT NULL,
     retries INTEGER NOT NULL,
     label TEXT,
     flow TEXT,
     extras TEXT
   ) STRICT;
   CREATE INDEX schedule_by_next ON schedule (next) WHERE paused = 0;`,
];
