-- Intents to publish, committed with the state change that made them; and what callers may safely repeat.

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,                  -- also the deduplication id, so unique over all installations
  name TEXT NOT NULL,                       -- of the message
  payload TEXT NOT NULL,                    -- JSON
  subject TEXT NOT NULL,                    -- what the message is about, e.g. 'page/7/12': how the sweeper finds it
  flow TEXT,                                -- flow-control key
  not_before INTEGER,                       -- ms
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  published_at INTEGER,
  message_id TEXT                           -- the queue's name for it
);
CREATE INDEX outbox_waiting ON outbox (next_try_at, seq) WHERE published_at IS NULL;
CREATE INDEX outbox_subject ON outbox (subject, seq);
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE idempotency (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  answer TEXT NOT NULL,                     -- JSON
  at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) WITHOUT ROWID;

CREATE TABLE access_token (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,                -- sha256 of the token; the token itself is shown once
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('operator', 'service')),
  role TEXT CHECK (role IN ('viewer', 'editor', 'approver', 'admin')),
  scopes TEXT NOT NULL DEFAULT '[]',        -- JSON list, for services
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);
