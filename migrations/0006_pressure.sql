-- How much may be sent to one member, and when not.

CREATE TABLE pressure_policy (
  channel TEXT PRIMARY KEY,                 -- a channel, or '*': all of them together
  per_day INTEGER,                          -- sends to a member on one day; null = as many as there are
  per_week INTEGER,                         -- on that day and the six before it
  quiet_from INTEGER,                       -- minutes of the member's local day; a span over midnight ends on the next day
  quiet_to INTEGER,
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL
) WITHOUT ROWID;

-- How many sends of a channel count against a member's caps on a day: days since 1970 by the calendar of the shop's zone.
CREATE TABLE pressure (
  member INTEGER NOT NULL,
  channel TEXT NOT NULL,
  day INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (member, channel, day)
) WITHOUT ROWID;
CREATE INDEX pressure_day ON pressure (day);

-- The day on which a send of an external channel counts; null where it does not.
ALTER TABLE send ADD COLUMN counted_day INTEGER;

-- A whole run may wait for a morning: what is due of it is found run by run.
DROP INDEX send_deferred;
CREATE INDEX send_deferred ON send (run, due_at, channel) WHERE state = 'PENDING' AND reason <> '';

-- A send that did not go out after all gives its place back, whichever road it took.
CREATE TRIGGER send_gives_back AFTER UPDATE OF state ON send
WHEN old.counted_day IS NOT NULL AND new.state NOT IN ('SENDING', 'SENT', 'UNKNOWN')
BEGIN
  UPDATE pressure SET n = n - 1 WHERE member = new.member AND channel = new.channel AND day = old.counted_day;
  UPDATE send SET counted_day = NULL WHERE run = new.run AND channel = new.channel AND member = new.member;
END;
