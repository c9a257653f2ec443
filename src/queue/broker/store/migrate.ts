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

  // Ended messages stay a while, for the log; what looks for work sees only those that have not ended.
  `ALTER TABLE message ADD COLUMN queue TEXT;
   ALTER TABLE message ADD COLUMN slot INTEGER;
   ALTER TABLE message ADD COLUMN topic TEXT;
   ALTER TABLE message ADD COLUMN ip TEXT;
   ALTER TABLE message ADD COLUMN ended INTEGER;
   DROP INDEX message_by_lane;
   DROP INDEX message_by_due;
   CREATE INDEX message_by_lane ON message (lane, due) WHERE ended IS NULL;
   CREATE INDEX message_by_due ON message (due, lane) WHERE ended IS NULL;
   CREATE INDEX message_by_slot ON message (queue, slot) WHERE ended IS NULL AND queue IS NOT NULL;
   CREATE INDEX message_by_end ON message (ended) WHERE ended IS NOT NULL;

   ALTER TABLE dead ADD COLUMN queue TEXT;
   ALTER TABLE dead ADD COLUMN topic TEXT;
   ALTER TABLE dead ADD COLUMN ip TEXT;

   ALTER TABLE schedule ADD COLUMN queue TEXT;
   ALTER TABLE schedule ADD COLUMN topic TEXT;
   ALTER TABLE schedule ADD COLUMN ip TEXT;
   ALTER TABLE schedule ADD COLUMN sent TEXT;

   ALTER TABLE flow ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE flow ADD COLUMN pinnedParallelism INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE flow ADD COLUMN pinnedRate INTEGER NOT NULL DEFAULT 0;

   CREATE TABLE queue (
     name TEXT PRIMARY KEY,
     parallelism INTEGER NOT NULL,
     paused INTEGER NOT NULL,
     created INTEGER NOT NULL,
     updated INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE topic (name TEXT PRIMARY KEY, created INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE endpoint (
     topic TEXT NOT NULL,
     url TEXT NOT NULL,
     name TEXT,
     PRIMARY KEY (topic, url)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE log (
     seq INTEGER PRIMARY KEY,
     message INTEGER NOT NULL,
     time INTEGER NOT NULL,
     state TEXT NOT NULL,
     extras TEXT
   ) STRICT;
   CREATE INDEX log_by_message ON log (message);

   CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,

  // What is published to a URL group has these headers, too: JSON, by lower-case name.
  "ALTER TABLE topic ADD COLUMN headers TEXT;",

  // How long a message was to wait, for when the clock is set back; null where it waits until a moment.
  "ALTER TABLE message ADD COLUMN wait INTEGER;",
];
