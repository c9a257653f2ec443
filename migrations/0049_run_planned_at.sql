-- Of a run that a schedule set off, the time of that schedule: by members' own clocks it is due long before.
ALTER TABLE run ADD COLUMN planned_at INTEGER;
