-- When things recur. A schedule sets one thing off, such as a campaign; each of its times is a row.
CREATE TABLE schedule (
  id INTEGER PRIMARY KEY,
  noun TEXT NOT NULL,                       -- what it sets off: 'campaign'
  thing INTEGER NOT NULL,                   -- and which one
  shop TEXT NOT NULL,
  name TEXT NOT NULL,
  timing TEXT NOT NULL,                     -- JSON: recurrence, zone, exclusions, jitter
  misfire TEXT NOT NULL,                    -- what becomes of a time that was missed: RUN_NOW, SKIP, RUN_IF_WITHIN
  within_ms INTEGER,                        -- RUN_IF_WITHIN: not later than this
  overlap TEXT NOT NULL,                    -- while the one before is under way: SKIP, QUEUE_ONE, RUN_BOTH
  state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'PAUSED', 'ENDED')),
  note TEXT,                                -- why it is paused
  planned_to INTEGER NOT NULL,              -- all times up to this one are rows
  missed INTEGER NOT NULL DEFAULT 0,        -- times that did not come when they were due
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (noun, thing)
);
CREATE INDEX schedule_open ON schedule (planned_to) WHERE state <> 'ENDED';
CREATE INDEX schedule_shop ON schedule (shop, id) WHERE shop <> '';

CREATE TABLE occurrence (
  id INTEGER PRIMARY KEY,
  schedule INTEGER NOT NULL REFERENCES schedule (id),
  planned_at INTEGER NOT NULL,              -- as the recurrence has it
  due_at INTEGER NOT NULL,                  -- and with its jitter
  state TEXT NOT NULL CHECK (state IN ('PLANNED', 'QUEUED', 'FIRED', 'SKIPPED', 'CANCELLED')),
  armed INTEGER NOT NULL DEFAULT 0,         -- 1 = the queue was given a wake for it
  decision TEXT,                            -- why it fired so, or did not
  decided_at INTEGER,
  UNIQUE (schedule, planned_at)
);
CREATE INDEX occurrence_due ON occurrence (due_at, id) WHERE state = 'PLANNED';
CREATE INDEX occurrence_unarmed ON occurrence (due_at) WHERE state = 'PLANNED' AND armed = 0;
CREATE INDEX occurrence_open ON occurrence (schedule) WHERE state IN ('PLANNED', 'QUEUED');
CREATE INDEX occurrence_queued ON occurrence (id) WHERE state = 'QUEUED';
CREATE INDEX occurrence_decided ON occurrence (decided_at) WHERE decided_at IS NOT NULL;

-- Days on which the shop sends nothing, kept under a name that schedules leave out.
CREATE TABLE holiday_list (
  id INTEGER PRIMARY KEY,
  shop TEXT NOT NULL,
  name TEXT NOT NULL,
  dates TEXT NOT NULL,                      -- JSON: ["2027-12-25", …]
  updated_at INTEGER NOT NULL,
  UNIQUE (shop, name)
);

ALTER TABLE campaign ADD COLUMN schedule TEXT;  -- JSON: when it recurs; null: it begins once
