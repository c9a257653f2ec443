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
