-- Imports of members from files: how far each has come, committed together with its rows, so that it can go on after a crash.

CREATE TABLE import_task (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,                       -- of the file
  digest TEXT NOT NULL,                     -- sha256 of the file and of how its columns are read
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  rows INTEGER NOT NULL DEFAULT 0,          -- rows dealt with, the header not counted
  created INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  faulty INTEGER NOT NULL DEFAULT 0,
  faults INTEGER NOT NULL DEFAULT 0,        -- all that were found; import_fault keeps the first of them
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX import_task_running ON import_task (digest) WHERE state = 'running';

CREATE TABLE import_fault (
  id INTEGER PRIMARY KEY,
  task INTEGER NOT NULL REFERENCES import_task (id),
  row INTEGER NOT NULL,                     -- as a spreadsheet counts: the header is row 1
  "column" INTEGER,                         -- from 1; null = the row as a whole
  message TEXT NOT NULL
);
CREATE INDEX import_fault_task ON import_fault (task, id);
