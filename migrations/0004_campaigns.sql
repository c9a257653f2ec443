-- Campaigns, their runs, and the ledger of every send.

CREATE TABLE campaign (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'ANNOUNCEMENT' CHECK (kind IN ('ANNOUNCEMENT')),
  state TEXT NOT NULL CHECK (state IN ('DRAFT', 'IN_REVIEW', 'APPROVED', 'ACTIVE', 'PAUSED', 'ENDED', 'CANCELLED')),
  topic TEXT NOT NULL,
  audience TEXT NOT NULL,                   -- JSON: { everyone: true } | { filter } | { segment }
  channels TEXT NOT NULL,                   -- JSON list, in order of preference
  reach TEXT NOT NULL CHECK (reach IN ('EACH', 'FIRST_REACHABLE')),
  content TEXT NOT NULL,                    -- JSON: channel → locale → parts
  transactional INTEGER NOT NULL DEFAULT 0, -- 1 = exempt from caps and quiet hours
  popup_priority INTEGER NOT NULL DEFAULT 0,
  starts_at INTEGER,                        -- null = when launched
  ends_at INTEGER,                          -- past it nothing is sent any more
  author TEXT NOT NULL,
  approver TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX campaign_state ON campaign (state);

-- Who moved what from one state to another, and why.
CREATE TABLE transition (
  id INTEGER PRIMARY KEY,
  campaign INTEGER NOT NULL REFERENCES campaign (id),
  run INTEGER,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT,
  at INTEGER NOT NULL
);
CREATE INDEX transition_campaign ON transition (campaign, id);

-- One occurrence of a campaign.
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  campaign INTEGER NOT NULL REFERENCES campaign (id),
  due_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED')),
  frozen TEXT,                              -- JSON: what starting froze (audience, highest seq, channels, topic …)
  content TEXT,                             -- JSON: the content as it was then
  planned_to INTEGER NOT NULL DEFAULT 0,    -- planning has looked at members up to this seq
  open_from INTEGER NOT NULL DEFAULT 0,     -- where the page that is being filled began
  open_matches INTEGER NOT NULL DEFAULT 0,  -- and how many it holds so far
  pages INTEGER NOT NULL DEFAULT 0,
  pages_written INTEGER NOT NULL DEFAULT 0,
  planned INTEGER NOT NULL DEFAULT 0,       -- 1 = no more pages will come
  matched INTEGER NOT NULL DEFAULT 0,       -- members in written pages
  started_at INTEGER,
  completed_at INTEGER,
  UNIQUE (campaign, due_at)
);
CREATE INDEX run_unfinished ON run (state, due_at) WHERE state IN ('PENDING', 'RUNNING', 'PAUSED', 'CANCELLING');

-- A key range of members holding at most one page of matches: from_seq < seq <= to_seq.
CREATE TABLE page (
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PLANNED', 'WRITING', 'WRITTEN', 'PARKED')),  -- WRITING exists only inside a transaction
  PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE INDEX page_unwritten ON page (run, number) WHERE state <> 'WRITTEN';

-- The ledger: one row per (run, channel, member), for ever in one of its last states.
CREATE TABLE send (
  run INTEGER NOT NULL,
  channel TEXT NOT NULL,
  member INTEGER NOT NULL,
  state TEXT NOT NULL,                      -- PENDING, SENDING, SENT, FAILED, SKIPPED, CANCELLED, UNKNOWN; a CHECK here costs a third of the page's rate
  reason TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL,
  due_at INTEGER,                           -- PENDING with a reason: not before
  tries INTEGER NOT NULL DEFAULT 0,
  batch INTEGER,
  provider_id TEXT,
  progress INTEGER NOT NULL DEFAULT 0,      -- what the provider told since: see campaign/delivery.ts; only grows
  PRIMARY KEY (run, channel, member)
) WITHOUT ROWID;
CREATE INDEX send_ready ON send (run, channel, member) WHERE state = 'PENDING' AND reason = '';
CREATE INDEX send_deferred ON send (due_at, run, channel) WHERE state = 'PENDING' AND reason <> '';
CREATE INDEX send_batch ON send (batch) WHERE batch IS NOT NULL;

-- How many rows of the ledger are in which state and why; moved in the transaction that moves the rows.
CREATE TABLE tally (
  run INTEGER NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (run, channel, state, reason)
) WITHOUT ROWID;

-- Sends to an external channel that travel together.
CREATE TABLE batch (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,                  -- the provider's idempotency key
  run INTEGER NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('OPEN', 'FROZEN', 'TRIED', 'DONE', 'PARKED')),
  lease TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0,
  frozen_at INTEGER,
  first_tried_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  payload BLOB,                             -- what is sent, compressed, from the first try to the end
  created_at INTEGER NOT NULL
);
CREATE INDEX batch_unfinished ON batch (run, channel, state) WHERE state <> 'DONE';

-- The members' inbox and popups; their text is the run's content, rendered when read.
CREATE TABLE inbox (
  member INTEGER NOT NULL,
  run INTEGER NOT NULL,
  at INTEGER NOT NULL,
  read_at INTEGER,
  deleted_at INTEGER,
  PRIMARY KEY (member, run)
) WITHOUT ROWID;

CREATE TABLE popup (
  member INTEGER NOT NULL,
  run INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  at INTEGER NOT NULL,
  expires_at INTEGER,
  shown_at INTEGER,
  PRIMARY KEY (member, run)
) WITHOUT ROWID;
