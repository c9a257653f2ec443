-- Campaigns that reach each member when the clock of the member's own zone shows a time.
ALTER TABLE campaign ADD COLUMN local_time TEXT;  -- JSON: { passed }; null = all members at one moment
-- 1 = each time is due when the first clock on earth shows it
ALTER TABLE schedule ADD COLUMN first_clock INTEGER NOT NULL DEFAULT 0;
-- What each member's clock shows when it is the turn, '2027-03-28T09:00:00'; null = all at one moment.
ALTER TABLE run ADD COLUMN wall TEXT;
CREATE INDEX run_by_clocks ON run (id)
  WHERE wall IS NOT NULL AND state IN ('IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING', 'FAILED');

-- Members by zone, in the order of arrival; '' = they have none of their own.
CREATE INDEX member_zone ON member (coalesce(time_zone, '')) WHERE deleted_at IS NULL;

-- Of a run by members' clocks, one zone and when it is its turn. All zones of one moment are a wave.
CREATE TABLE run_zone (
  run INTEGER NOT NULL,
  round INTEGER NOT NULL,                   -- 0; then for those who changed into a zone that had been served
  zone TEXT NOT NULL,                       -- as members have it; '' = none
  at INTEGER NOT NULL,
  skipped INTEGER NOT NULL DEFAULT 0,       -- 1 = its time had passed, and whoever is left is not sent to
  planned INTEGER NOT NULL DEFAULT 0,       -- 1 = no more pages will come
  planned_to INTEGER NOT NULL DEFAULT 0,    -- these three as those of run
  open_from INTEGER NOT NULL DEFAULT 0,
  open_matches INTEGER NOT NULL DEFAULT 0,
  found INTEGER NOT NULL DEFAULT 0,         -- matches when its pages were cut
  pages INTEGER NOT NULL DEFAULT 0,
  pages_written INTEGER NOT NULL DEFAULT 0,
  members INTEGER NOT NULL DEFAULT 0,       -- in written pages
  PRIMARY KEY (run, round, zone)
) WITHOUT ROWID;

ALTER TABLE page ADD COLUMN zone TEXT;        -- of a run by members' clocks
ALTER TABLE page ADD COLUMN round INTEGER;

-- Whom the page is for that is being written; empty but inside of that transaction.
CREATE TABLE page_member (seq INTEGER PRIMARY KEY);

-- Who changed zones while such a run was under way.
CREATE TABLE zone_move (
  run INTEGER NOT NULL,
  member INTEGER NOT NULL,
  PRIMARY KEY (run, member)
) WITHOUT ROWID;
CREATE TRIGGER member_zone_moved AFTER UPDATE OF time_zone ON member
WHEN coalesce(NEW.time_zone, '') <> coalesce(OLD.time_zone, '') AND NEW.deleted_at IS NULL
BEGIN
  INSERT INTO zone_move (run, member)
  SELECT r.id, NEW.seq FROM run r
  WHERE r.wall IS NOT NULL AND r.state IN ('IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING', 'FAILED')
    AND NOT EXISTS (SELECT 1 FROM zone_move v WHERE v.run = r.id AND v.member = NEW.seq);
END;
