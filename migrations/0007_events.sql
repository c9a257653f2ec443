-- What happened, for whoever cares: events, those who read them, and the webhooks that tell the shop.

CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,    -- SQLite has one writer: the order of seq is the order of commits
  type TEXT NOT NULL,                       -- e.g. 'run.completed'
  version INTEGER NOT NULL,                 -- of the shape of data; shapes only ever grow
  subject TEXT NOT NULL,                    -- what it happened to, e.g. 'run/7'
  data TEXT NOT NULL,                       -- JSON: ids and sums, no addresses
  at INTEGER NOT NULL
);

-- Up to which event those who read them were told that there are some; moved in the transaction that leaves the message.
CREATE TABLE event_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  announced INTEGER NOT NULL
);
INSERT INTO event_mark VALUES (1, 0);

CREATE TABLE consumer (
  name TEXT PRIMARY KEY,
  cursor INTEGER NOT NULL,                  -- it has dealt with every event up to this one, but for parked ranges
  stuck_from INTEGER,                       -- the stretch that failed last, while the cursor stands before it
  stuck_to INTEGER,
  moved_at INTEGER NOT NULL,
  retired_at INTEGER                        -- no longer part of the program: holds nothing up, and goes on where it stood if it comes back
) WITHOUT ROWID;

-- Events that a consumer could not deal with before the queue gave up: passed over until they are replayed.
CREATE TABLE parked_range (
  consumer TEXT NOT NULL REFERENCES consumer (name),
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (consumer, from_seq)
) WITHOUT ROWID;

-- Where the shop wants to be told of events.
CREATE TABLE webhook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  types TEXT,                               -- JSON list; null = all
  secret TEXT NOT NULL,                     -- signs, so it is kept as it is; empty once the endpoint is deleted
  old_secret TEXT,                          -- signs as well until old_until
  old_until INTEGER,
  enabled INTEGER NOT NULL,
  failing_since INTEGER,                    -- the first failure after which nothing was taken
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);

-- Who did what to an endpoint, and why it was disabled.
CREATE TABLE webhook_note (
  id INTEGER PRIMARY KEY,
  webhook INTEGER NOT NULL REFERENCES webhook (id),
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX webhook_note_webhook ON webhook_note (webhook, id);

CREATE TABLE webhook_delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event INTEGER,                            -- its seq; null = a test
  webhook INTEGER NOT NULL REFERENCES webhook (id),
  message TEXT NOT NULL,                    -- webhook-id: the same at every attempt, so that receivers know repeats
  type TEXT NOT NULL,
  body TEXT NOT NULL,                       -- what is signed and sent, unchanged at every attempt
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'DONE', 'FAILED')),
  attempts INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL DEFAULT 0,         -- attempts since it was last begun: where it stands in the schedule
  status INTEGER,                           -- HTTP status of the last attempt; null = none came
  error TEXT,                               -- why the last attempt failed
  due_at INTEGER NOT NULL,                  -- PENDING: the next attempt
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  UNIQUE (event, webhook)
);
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook, id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (due_at) WHERE state = 'PENDING';
