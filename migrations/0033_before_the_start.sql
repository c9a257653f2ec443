-- A campaign in review may say that it goes on by itself: whoever approves it launches it.
ALTER TABLE campaign ADD COLUMN launch_when_approved INTEGER NOT NULL DEFAULT 0;
-- A draft that was deleted: nobody sees it, and no other takes its number, under which its history is kept.
ALTER TABLE campaign ADD COLUMN deleted_at INTEGER;
-- The last number that a run got: those that are taken back before they begin go away, and no other takes their number.
CREATE TABLE run_number (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  last INTEGER NOT NULL
);
INSERT INTO run_number SELECT 1, coalesce(max(id), 0) FROM run;
