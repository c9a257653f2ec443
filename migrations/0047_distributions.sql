-- Coupons for the members of a spreadsheet.
CREATE TABLE distribution (
  id INTEGER PRIMARY KEY,
  shop TEXT NOT NULL,                        -- its template's; '' = the company's own
  template INTEGER NOT NULL,
  chain INTEGER,                             -- the first of its follow-ups; null = it is the first itself
  follows INTEGER,                           -- the one whose report was corrected
  state TEXT NOT NULL,                       -- UPLOADED, VALIDATING, READY, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED
  file TEXT NOT NULL,                        -- its name
  digest TEXT NOT NULL,                      -- sha256 of its bytes: the key of its pieces
  bytes INTEGER NOT NULL,
  encoding TEXT,                             -- as was said, then as it was read
  encoding_guessed INTEGER NOT NULL DEFAULT 0,
  names TEXT NOT NULL,                       -- JSON: what headings mean that are not named after a field
  notice TEXT,                               -- JSON: channels and content; null = nobody is told
  notice_campaign INTEGER,
  header_row INTEGER,                        -- null = not read yet
  header TEXT,                               -- JSON: its cells
  read_to INTEGER NOT NULL DEFAULT 0,        -- rows of the file that are read, blank ones counted
  rows INTEGER NOT NULL DEFAULT 0,           -- rows behind the header that are not blank
  fault TEXT,                                -- JSON: row, column and message of what it failed of
  approval TEXT,                             -- JSON: who let it start above the size that needs a second person
  created_by TEXT NOT NULL,
  author TEXT NOT NULL,                      -- the person, whichever token
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,               -- when it last made progress or was moved
  started_at INTEGER,
  since_at INTEGER,                          -- its rate counts from here: when it began or went on
  since_rows INTEGER NOT NULL DEFAULT 0,
  completed_at INTEGER,
  withdraw_to INTEGER,                       -- rows up to which its coupons were taken back; null = nobody asked
  withdrawn INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX distribution_open ON distribution (updated_at)
  WHERE state IN ('UPLOADED', 'VALIDATING', 'RUNNING');
CREATE INDEX distribution_template ON distribution (template, id);
CREATE INDEX distribution_chain ON distribution (chain) WHERE chain IS NOT NULL;
CREATE INDEX distribution_digest ON distribution (digest) WHERE state IN ('UPLOADED', 'VALIDATING');
CREATE INDEX distribution_shop ON distribution (shop, id) WHERE shop <> '';

-- Files until they are read, in pieces, by the digest of all their bytes.
CREATE TABLE distribution_piece (
  digest TEXT NOT NULL,
  number INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (digest, number)
);

-- The rows of a file, and what becomes of each: predicted until the batch that it is in has passed it.
CREATE TABLE distribution_row (
  distribution INTEGER NOT NULL,
  row INTEGER NOT NULL,                      -- as a spreadsheet counts
  cells TEXT,                                -- JSON, as they were; null = forgotten
  member INTEGER,
  named TEXT,                                -- what named a member who is not there, e.g. 'phone:+4915112345678'
  outcome TEXT NOT NULL,                     -- ISSUED, ALREADY_HELD, DUPLICATE, OUT_OF_STOCK, UNKNOWN_MEMBER, NOT_ELIGIBLE, INVALID
  cause TEXT,                                -- which of its causes
  "column" INTEGER,                          -- of the cell that is to blame; null = the row as a whole
  message TEXT,                              -- what is wrong with that cell
  other_row INTEGER,                         -- the first row of the same member
  PRIMARY KEY (distribution, row)
) WITHOUT ROWID;
-- A member's rows: of each ten thousand rows of a file the members in order, so that reading a file writes the end of
-- the index and not all of it.
CREATE INDEX distribution_row_member ON distribution_row (distribution, row / 10000, member) WHERE member IS NOT NULL;

-- How many rows a check predicted of each outcome, and how many ended so.
CREATE TABLE distribution_count (
  distribution INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  predicted INTEGER NOT NULL DEFAULT 0,
  ended INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (distribution, outcome)
) WITHOUT ROWID;

-- Rows that are issued by one message: above from_row, up to to_row; next_row and all before it are done.
CREATE TABLE distribution_batch (
  distribution INTEGER NOT NULL,
  number INTEGER NOT NULL,
  next_row INTEGER NOT NULL,
  to_row INTEGER NOT NULL,
  writing INTEGER,                           -- up to which row, inside of the transaction that writes them
  PRIMARY KEY (distribution, number)
) WITHOUT ROWID;
CREATE INDEX distribution_batch_open ON distribution_batch (distribution) WHERE next_row < to_row;
