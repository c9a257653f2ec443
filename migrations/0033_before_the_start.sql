-- A campaign in review may say that it goes on by itself: whoever approves it launches it.
ALTER TABLE campaign ADD COLUMN launch_when_approved INTEGER NOT NULL DEFAULT 0;
-- A draft that was deleted: nobody sees it, and no other takes its number, under which its history is kept.
ALTER TABLE campaign ADD COLUMN deleted_at INTEGER;
