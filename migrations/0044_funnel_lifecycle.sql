-- What came of what a run said: who opened it, followed a link in it, claimed by its link, and used what was claimed.
-- A member counts once a run, whatever she does how often; the sums move with her row, in the transaction of the deed.

-- Of a coupon that was claimed by the link in a message: the run whose message it was.
ALTER TABLE coupon ADD COLUMN invited_by INTEGER;

CREATE TABLE funnel (
  run INTEGER PRIMARY KEY REFERENCES run (id),
  reached INTEGER,                          -- members sent to, where several channels may each send; null: see tally
  opened INTEGER NOT NULL DEFAULT 0,
  clicked INTEGER NOT NULL DEFAULT 0,
  claimed INTEGER NOT NULL DEFAULT 0,
  redeemed INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE response (
  run INTEGER NOT NULL,
  member INTEGER NOT NULL,
  opened INTEGER NOT NULL DEFAULT 0,
  clicked INTEGER NOT NULL DEFAULT 0,
  claimed INTEGER NOT NULL DEFAULT 0,
  redeemed INTEGER NOT NULL DEFAULT 0,      -- coupons of the run that she has used and not been given back
  PRIMARY KEY (run, member)
) WITHOUT ROWID;

CREATE TRIGGER response_counted AFTER INSERT ON response
BEGIN
  UPDATE funnel SET opened = opened + NEW.opened, clicked = clicked + NEW.clicked, claimed = claimed + NEW.claimed,
    redeemed = redeemed + (NEW.redeemed > 0) WHERE run = NEW.run;
END;

CREATE TRIGGER response_moved AFTER UPDATE ON response
BEGIN
  UPDATE funnel SET opened = opened + NEW.opened - OLD.opened, clicked = clicked + NEW.clicked - OLD.clicked,
    claimed = claimed + NEW.claimed - OLD.claimed, redeemed = redeemed + (NEW.redeemed > 0) - (OLD.redeemed > 0)
  WHERE run = NEW.run;
END;

-- Whatever road a deed takes, it is counted where its row changes.
CREATE TRIGGER inbox_opened AFTER UPDATE OF read_at ON inbox
WHEN OLD.read_at IS NULL AND NEW.read_at IS NOT NULL
BEGIN
  INSERT INTO response (run, member, opened)
  SELECT NEW.run, NEW.member, 1 FROM funnel WHERE run = NEW.run
  ON CONFLICT (run, member) DO UPDATE SET opened = 1 WHERE opened = 0;
END;

CREATE TRIGGER popup_opened AFTER UPDATE OF shown_at ON popup
WHEN OLD.shown_at IS NULL AND NEW.shown_at IS NOT NULL
BEGIN
  INSERT INTO response (run, member, opened)
  SELECT NEW.run, NEW.member, 1 FROM funnel WHERE run = NEW.run
  ON CONFLICT (run, member) DO UPDATE SET opened = 1 WHERE opened = 0;
END;

-- Whoever claims by a message's link has read it and followed the link.
CREATE TRIGGER coupon_claimed_by_link AFTER INSERT ON coupon
WHEN NEW.invited_by IS NOT NULL
BEGIN
  INSERT INTO response (run, member, opened, clicked, claimed)
  SELECT NEW.invited_by, NEW.member, 1, 1, 1 FROM funnel WHERE run = NEW.invited_by
  ON CONFLICT (run, member) DO UPDATE SET opened = 1, clicked = 1, claimed = 1 WHERE claimed = 0;
END;

-- A refund that gives the coupon back takes its use out again; one that does not leaves it used.
CREATE TRIGGER coupon_use_moved AFTER UPDATE OF state ON coupon
WHEN (NEW.state = 'USED') <> (OLD.state = 'USED') AND (NEW.invited_by IS NOT NULL OR NEW.source GLOB 'run/*')
BEGIN
  INSERT INTO response (run, member, redeemed)
  SELECT run, NEW.member, NEW.state = 'USED' FROM funnel
  WHERE run = coalesce(NEW.invited_by, CAST(substr(NEW.source, 5) AS INTEGER))
  ON CONFLICT (run, member) DO UPDATE SET redeemed = max(0, redeemed + CASE WHEN NEW.state = 'USED' THEN 1 ELSE -1 END);
END;

-- What the shop says to its members at days of their own: a birthday, the end of a membership, and the like.
CREATE TABLE lifecycle_policy (
  id INTEGER PRIMARY KEY,
  shop TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,                       -- BIRTHDAY, MEMBERSHIP_ENDS, COUPON_EXPIRES, INACTIVE, REGISTERED
  days INTEGER NOT NULL,                    -- before or after what the kind is about; 0 of birthdays
  hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23), -- by the member's clock
  push TEXT NOT NULL,                       -- JSON: what the campaigns of it say, and how
  enabled INTEGER NOT NULL,
  looked_to INTEGER NOT NULL,               -- days whose hour came up to then are decided on
  fault TEXT,                               -- why nobody can be told at present
  told INTEGER NOT NULL DEFAULT 0,          -- occasions of which members were told …
  missed INTEGER NOT NULL DEFAULT 0,        -- … and whose day passed while nobody could look
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX lifecycle_policy_shop ON lifecycle_policy (shop, id) WHERE shop <> '';

-- A look for those whose hour has come; it ends with the campaign that tells them, or is gone where there are none.
CREATE TABLE lifecycle_look (
  policy INTEGER NOT NULL REFERENCES lifecycle_policy (id),
  at INTEGER NOT NULL,                      -- as it was planned
  state TEXT NOT NULL CHECK (state IN ('OPEN', 'DONE')),
  campaign INTEGER REFERENCES campaign (id),
  members INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (policy, at)
) WITHOUT ROWID;
CREATE INDEX lifecycle_look_open ON lifecycle_look (at) WHERE state = 'OPEN';
CREATE INDEX lifecycle_look_campaign ON lifecycle_look (campaign) WHERE campaign IS NOT NULL;

-- An occasion of a member's is decided on once: by the look that tells of it, or by none, as its day had passed.
CREATE TABLE lifecycle_mark (
  policy INTEGER NOT NULL,
  member INTEGER NOT NULL,
  occasion TEXT NOT NULL,                   -- birthday/2027, membership/<ms>, coupon/<id>, inactive/<ms>, registered
  look INTEGER NOT NULL,                    -- the look's `at`; negative: it found that the day had passed
  at INTEGER NOT NULL,
  PRIMARY KEY (policy, member, occasion)
) WITHOUT ROWID;
CREATE INDEX lifecycle_mark_look ON lifecycle_mark (policy, look, member);
CREATE INDEX lifecycle_mark_at ON lifecycle_mark (at);
CREATE INDEX lifecycle_mark_member ON lifecycle_mark (member);

-- Goods of a day, each for the members that its persona selects: at most one push of them a member and day.
CREATE TABLE hot_goods_plan (
  id INTEGER PRIMARY KEY,
  shop TEXT NOT NULL UNIQUE,
  hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
  zone TEXT NOT NULL,
  push TEXT NOT NULL,                       -- JSON: topic, channels, reach, content
  enabled INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE hot_goods (
  id INTEGER PRIMARY KEY,
  shop TEXT NOT NULL,
  day TEXT NOT NULL,                        -- 2027-12-24, by the calendar of the plan's zone
  goods TEXT NOT NULL,                      -- the shop's id
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  keywords TEXT NOT NULL,                   -- JSON list
  persona TEXT,                             -- JSON in the audience language; null: it is skipped
  priority INTEGER NOT NULL,                -- the highest wins a member
  state TEXT NOT NULL CHECK (state IN ('PLANNED', 'SENT', 'SKIPPED')),
  reason TEXT,                              -- of one that was skipped
  campaign INTEGER REFERENCES campaign (id),
  members INTEGER NOT NULL DEFAULT 0,       -- for whom it was chosen
  updated_at INTEGER NOT NULL,
  UNIQUE (shop, day, goods)
);
CREATE INDEX hot_goods_planned ON hot_goods (shop, day, priority DESC, id) WHERE state = 'PLANNED';

-- A day's goods are to be sent: a row for as long as that is under way.
CREATE TABLE hot_goods_day (
  plan INTEGER NOT NULL REFERENCES hot_goods_plan (id),
  day TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (plan, day)
) WITHOUT ROWID;

-- Which of a day's goods a member is told of: one.
CREATE TABLE hot_goods_mark (
  day TEXT NOT NULL,
  member INTEGER NOT NULL,
  goods INTEGER NOT NULL,                   -- the row
  PRIMARY KEY (day, member)
) WITHOUT ROWID;
CREATE INDEX hot_goods_mark_goods ON hot_goods_mark (goods, member);
CREATE INDEX hot_goods_mark_member ON hot_goods_mark (member);
