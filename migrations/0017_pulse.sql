-- When what recurs was done last, by whichever process of the installation.
CREATE TABLE pulse (
  name TEXT PRIMARY KEY,
  at INTEGER NOT NULL                       -- ms
) WITHOUT ROWID;
