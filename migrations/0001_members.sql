-- Members, what they allow, and the segments that describe them.
-- Times are milliseconds since 1970 UTC; money is minor units of the shop's currency; dates are 'YYYY-MM-DD'.

CREATE TABLE member (
  seq INTEGER PRIMARY KEY,                  -- the order of arrival, and the key by which audiences are cut into pages
  id TEXT NOT NULL UNIQUE,                  -- the public id, opaque
  external_id TEXT NOT NULL UNIQUE,         -- the shop's own id
  email TEXT,                               -- lower case
  phone TEXT,                               -- E.164
  locale TEXT NOT NULL DEFAULT 'en',
  time_zone TEXT,                           -- IANA name; null = the shop's
  account_type TEXT NOT NULL DEFAULT 'personal',
  level INTEGER NOT NULL DEFAULT 0,
  consecutive_active_days INTEGER NOT NULL DEFAULT 0,
  active_days_last_month INTEGER NOT NULL DEFAULT 0,
  total_spend INTEGER NOT NULL DEFAULT 0,
  points INTEGER NOT NULL DEFAULT 0,
  birthday TEXT,
  registered_at INTEGER NOT NULL,
  membership_ends_at INTEGER,
  last_active_at INTEGER,
  attributes TEXT NOT NULL DEFAULT '{}',    -- the shop's own facts, a JSON object
  control INTEGER NOT NULL DEFAULT 0,       -- 1 = in the control group: matched, never sent to
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER                        -- erased on request: the row stays so that ledgers add up, its person is gone
);
CREATE INDEX member_email ON member (email) WHERE email IS NOT NULL;
CREATE INDEX member_phone ON member (phone) WHERE phone IS NOT NULL;
CREATE INDEX member_level ON member (level);
CREATE INDEX member_total_spend ON member (total_spend);
CREATE INDEX member_points ON member (points);
CREATE INDEX member_registered_at ON member (registered_at);
CREATE INDEX member_last_active_at ON member (last_active_at);
CREATE INDEX member_membership_ends_at ON member (membership_ends_at) WHERE membership_ends_at IS NOT NULL;
CREATE INDEX member_birthday ON member (birthday) WHERE birthday IS NOT NULL;

CREATE TABLE member_tag (
  member INTEGER NOT NULL REFERENCES member (seq),
  tag TEXT NOT NULL,
  PRIMARY KEY (member, tag)
) WITHOUT ROWID;
CREATE INDEX member_tag_tag ON member_tag (tag, member);

CREATE TABLE push_token (
  token TEXT PRIMARY KEY,
  member INTEGER NOT NULL REFERENCES member (seq),
  added_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX push_token_member ON push_token (member);

-- What a member said about being written to. The row of the topic decides, else that of topic '*', else the channel's default.
CREATE TABLE consent (
  member INTEGER NOT NULL REFERENCES member (seq),
  channel TEXT NOT NULL,
  topic TEXT NOT NULL,
  granted INTEGER NOT NULL CHECK (granted IN (0, 1)),
  source TEXT NOT NULL,                     -- who said so: member, operator, import, unsubscribe-link, sms-stop …
  at INTEGER NOT NULL,
  PRIMARY KEY (member, channel, topic)
) WITHOUT ROWID;

-- Addresses that must not be written to again, whoever they belong to.
CREATE TABLE suppression (
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  reason TEXT NOT NULL,                     -- hard-bounce, complaint, stop, operator
  at INTEGER NOT NULL,
  PRIMARY KEY (channel, address)
) WITHOUT ROWID;

CREATE TABLE segment (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  filter TEXT NOT NULL,                     -- JSON in the audience language
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
