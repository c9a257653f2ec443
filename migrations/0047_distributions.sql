-- Coupons for the members of a spreadsheet.
CREATE TABLE distribution (
  id INTEGER PRIMARY KEY,
  shop TEXT NOT NULL,                        -- its template's; '' = the company's own
  template INTEGER NOT NULL,
  chain INTEGER,                             -- the first of its follow-ups; null = it is the first itself
  follows INTEGER,                           -- the one whose report was corrected
  -- UPLOADED, VALIDATING, READY, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED
  state TEXT NOT NULL,
  file TEXT NOT NULL,                        -- its name
  digest TEXT NOT NULL,                      -- sha256 of its bytes: the key of its pieces
  bytes INTEGER NOT NULL,
  encoding TEXT,                             -- as was said, then as it was read
  encoding_guessed INTEGER NOT NULL DEFAULT 0,
  names TEXT NOT NULL,                       -- JSON: what headings mean that are not named after a field
  notice TEXT,                               -- JSON: channels and content; null = nobody is told
  notice_campaign INTEGER,
  told_at INTEGER,                           -- when it was decided who is told, if anybody; null = not yet
  header_row INTEGER,                        -- null = not read yet
  header TEXT,                               -- JSON: its cells; null = not read yet, or forgotten with the rows
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
  withdraw_to INTEGER,                       -- the block up to which its coupons were taken back; null = nobody asked
  withdrawn INTEGER NOT NULL DEFAULT 0,
  forgotten_at INTEGER                       -- when its rows began to be; null = they are kept
);
CREATE INDEX distribution_open ON distribution (updated_at)
  WHERE state IN ('UPLOADED', 'VALIDATING', 'RUNNING');
CREATE INDEX distribution_kept ON distribution (updated_at) WHERE forgotten_at IS NULL;
CREATE INDEX distribution_forgetting ON distribution (forgotten_at)
  WHERE forgotten_at IS NOT NULL AND header IS NOT NULL;
CREATE INDEX distribution_template ON distribution (template, id);
CREATE INDEX distribution_chain ON distribution (chain) WHERE chain IS NOT NULL;
CREATE INDEX distribution_digest ON distribution (digest) WHERE state IN ('UPLOADED', 'VALIDATING');
CREATE INDEX distribution_notice ON distribution (notice_campaign) WHERE notice_campaign IS NOT NULL;
CREATE INDEX distribution_untold ON distribution (updated_at)
  WHERE notice IS NOT NULL AND told_at IS NULL AND started_at IS NOT NULL AND state IN ('COMPLETED', 'CANCELLED');
CREATE INDEX distribution_withdrawing ON distribution (updated_at) WHERE withdraw_to < read_to;
CREATE INDEX distribution_shop ON distribution (shop, id) WHERE shop <> '';

-- Files until they are read, in pieces, by the digest of all their bytes.
CREATE TABLE distribution_piece (
  digest TEXT NOT NULL,
  number INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (digest, number)
);
CREATE INDEX distribution_piece_at ON distribution_piece (at);

-- Addresses to which a file may be sent once, without other credentials.
CREATE TABLE distribution_upload (
  id INTEGER PRIMARY KEY,
  facts TEXT NOT NULL,                       -- JSON: what is to be done with the file
  token INTEGER NOT NULL,                    -- of the operator who made it, and who acts when it is used
  expires_at INTEGER NOT NULL,
  distribution INTEGER                       -- what was made of the file; null = none came yet
);
CREATE INDEX distribution_upload_expiry ON distribution_upload (expires_at);

-- Rows that are issued together, some thousand at most: above from_row, up to to_row.
CREATE TABLE distribution_block (
  distribution INTEGER NOT NULL,
  to_row INTEGER NOT NULL,
  from_row INTEGER NOT NULL,
  state TEXT NOT NULL,                       -- WAITING, DONE; WRITING inside of the transaction that issues it
  -- JSON: of each row that is to get a coupon, by its number; null = done
  cells TEXT,
  PRIMARY KEY (distribution, to_row)
) WITHOUT ROWID;
CREATE INDEX distribution_block_open ON distribution_block (distribution) WHERE state <> 'DONE';

-- The rows that are to get a coupon, and once their block is DONE those that got one. In the order of members within a
-- block: so that neither this nor the coupons write all of an index anew for each block.
CREATE TABLE distribution_given (
  distribution INTEGER NOT NULL,
  block INTEGER NOT NULL,                    -- its to_row
  member INTEGER NOT NULL,
  row INTEGER NOT NULL,                      -- as a spreadsheet counts
  PRIMARY KEY (distribution, block, member)
) WITHOUT ROWID;

-- All other rows: what they are left out for; a prediction until their block is DONE.
CREATE TABLE distribution_left_out (
  distribution INTEGER NOT NULL,
  row INTEGER NOT NULL,
  cells TEXT,                                -- JSON, as they were; null = the member was erased
  member INTEGER,
  named TEXT,                                -- what named no member, or several, e.g. 'phone:+4915112345678'
  -- ALREADY_HELD, DUPLICATE, OUT_OF_STOCK, UNKNOWN_MEMBER, NOT_ELIGIBLE, INVALID
  outcome TEXT NOT NULL,
  cause TEXT,                                -- which of its causes
  "column" INTEGER,                          -- of the cell that is to blame; null = the row as a whole
  message TEXT,                              -- what is wrong with that cell
  other_row INTEGER,                         -- the first row of the same member
  PRIMARY KEY (distribution, row)
) WITHOUT ROWID;
CREATE INDEX distribution_left_out_member ON distribution_left_out (member) WHERE member IS NOT NULL;
CREATE INDEX distribution_left_out_named ON distribution_left_out (named) WHERE named IS NOT NULL;

-- How many rows a check predicted of each outcome, and how many ended so.
CREATE TABLE distribution_count (
  distribution INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  predicted INTEGER NOT NULL DEFAULT 0,
  may_issue INTEGER NOT NULL DEFAULT 0,      -- those of them that may get a coupon when their turn comes
  ended INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (distribution, outcome)
) WITHOUT ROWID;
