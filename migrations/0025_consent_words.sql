-- Two words are kept of what a member allows: the latest that was said at a known time, and the latest that a list of
-- the shop's gave without one. What counts follows from these two, whatever the order in which they came.
CREATE TABLE consent_words (
  member INTEGER NOT NULL REFERENCES member (seq),
  channel TEXT NOT NULL,
  topic TEXT NOT NULL,
  said INTEGER CHECK (said IN (0, 1)),      -- the latest word with a time
  said_by TEXT,                             -- who said so: member, operator …, unsubscribe-link, sms-stop …
  said_at INTEGER,                          -- never ahead of when it came
  listed INTEGER CHECK (listed IN (0, 1)),  -- the latest word without one
  listed_by TEXT,
  listed_at INTEGER,                        -- when the list began to say so: repeating it is no news
  -- A list's yes never undoes a no that was said; its no counts from when it came.
  granted INTEGER GENERATED ALWAYS AS (
    CASE WHEN said IS NULL OR (said = 1 AND listed = 0 AND listed_at >= said_at)
      THEN listed ELSE said END) VIRTUAL,
  source TEXT GENERATED ALWAYS AS (
    CASE WHEN said IS NULL OR (said = 1 AND listed = 0 AND listed_at >= said_at)
      THEN listed_by ELSE said_by END) VIRTUAL,
  at INTEGER GENERATED ALWAYS AS (
    CASE WHEN said IS NULL OR (said = 1 AND listed = 0 AND listed_at >= said_at)
      THEN listed_at ELSE said_at END) VIRTUAL,
  PRIMARY KEY (member, channel, topic),
  CHECK (coalesce(said, listed) IS NOT NULL)
) WITHOUT ROWID;

-- Words of which nobody knows whether they had a time are a list's, unless they are the member's own.
INSERT INTO consent_words (member, channel, topic, said, said_by, said_at)
  SELECT member, channel, topic, granted, source, min(at, CAST(strftime('%s', 'now') AS INTEGER) * 1000) FROM consent
  WHERE source = 'member' OR source = 'unsubscribe-link' OR source LIKE '%-stop' OR source LIKE '%-start';
INSERT INTO consent_words (member, channel, topic, listed, listed_by, listed_at)
  SELECT member, channel, topic, granted, source, min(at, CAST(strftime('%s', 'now') AS INTEGER) * 1000) FROM consent
  WHERE NOT (source = 'member' OR source = 'unsubscribe-link' OR source LIKE '%-stop' OR source LIKE '%-start');
DROP TABLE consent;
ALTER TABLE consent_words RENAME TO consent;

-- A no that counts for an address, whoever has it next: by link from a message, or left behind by a member who was
-- erased.
-- The address is a keyed hash, which only the installation can make.
CREATE TABLE address_no (
  address TEXT NOT NULL,
  channel TEXT NOT NULL,
  topic TEXT NOT NULL,                      -- '*' = all that have no word of their own; '' = the address was suppressed
  reason TEXT NOT NULL,                     -- who said so, or why it was suppressed
  at INTEGER NOT NULL,
  PRIMARY KEY (address, channel, topic)
) WITHOUT ROWID;
