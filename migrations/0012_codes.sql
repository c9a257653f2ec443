-- Codes that are made, or uploaded, before anyone has them: pools, and the codes in them. Times are ms.

CREATE TABLE code_pool (
  id INTEGER PRIMARY KEY,
  template INTEGER NOT NULL REFERENCES coupon_template (id),
  source TEXT NOT NULL CHECK (source IN ('GENERATED', 'UPLOADED')),
  state TEXT NOT NULL CHECK (state IN ('FILLING', 'PAUSED', 'FAILED', 'READY', 'CANCELLED')),
  wanted INTEGER,                           -- codes that it is to have; null = as many as the file holds, which is not read yet
  made INTEGER NOT NULL DEFAULT 0,          -- codes that it has; moved in the batch that adds them
  since_at INTEGER NOT NULL,                -- when it began, or went on after a pause …
  since_made INTEGER NOT NULL DEFAULT 0,    -- … and what it had then
  file TEXT,                                -- the name of the file
  digest TEXT,                              -- sha256 of the file and its template: the same one goes on where it stopped
  rows INTEGER NOT NULL DEFAULT 0,          -- rows of the file that were dealt with
  refused INTEGER NOT NULL DEFAULT 0,       -- rows left out; code_pool_fault keeps the first of them
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL               -- when it last made progress or was moved
);
CREATE INDEX code_pool_template ON code_pool (template, id);
CREATE INDEX code_pool_filling ON code_pool (updated_at) WHERE state = 'FILLING';
CREATE UNIQUE INDEX code_pool_upload ON code_pool (digest) WHERE state = 'FILLING' AND digest IS NOT NULL;

-- A code is free until a coupon carries it, and is never free again. `key` is what is left of it however people type it.
CREATE TABLE pool_code (
  id INTEGER PRIMARY KEY,                   -- the lowest free one is given first
  code TEXT NOT NULL,
  template INTEGER NOT NULL,
  pool INTEGER NOT NULL,
  coupon INTEGER,                           -- that carries it; null = free
  key TEXT NOT NULL GENERATED ALWAYS AS (
    replace(replace(replace(replace(upper(code), '-', ''), 'O', '0'), 'I', '1'), 'L', '1')) VIRTUAL UNIQUE
);
CREATE INDEX pool_code_free ON pool_code (template) WHERE coupon IS NULL;
CREATE UNIQUE INDEX pool_code_coupon ON pool_code (coupon) WHERE coupon IS NOT NULL;
CREATE INDEX pool_code_pool ON pool_code (pool);

CREATE TABLE code_pool_fault (
  id INTEGER PRIMARY KEY,
  pool INTEGER NOT NULL REFERENCES code_pool (id),
  line INTEGER NOT NULL,                    -- from 1, a header counted
  reason TEXT NOT NULL
);
CREATE INDEX code_pool_fault_pool ON code_pool_fault (pool, id);

-- Who took a pool's codes out, and how many.
CREATE TABLE code_pool_export (
  id INTEGER PRIMARY KEY,
  pool INTEGER NOT NULL REFERENCES code_pool (id),
  actor TEXT NOT NULL,
  codes INTEGER NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX code_pool_export_pool ON code_pool_export (pool, id);

-- The stock of a template with pools is the codes in them, whatever else is said: so stock - issued is what is free, and none of its coupons
-- goes without a code.
CREATE TRIGGER code_pool_grown AFTER UPDATE OF made ON code_pool
WHEN NEW.made <> OLD.made
BEGIN
  UPDATE coupon_template SET stock = (SELECT sum(made) FROM code_pool WHERE template = NEW.template),
    state = CASE WHEN state = 'SOLD_OUT' AND (budget IS NULL OR reserved + spent + most <= budget) THEN 'ACTIVE' ELSE state END
  WHERE id = NEW.template AND code_mode = 'POOL';
END;

CREATE TRIGGER coupon_template_pool_made AFTER INSERT ON coupon_template
WHEN NEW.code_mode = 'POOL' AND NEW.stock IS NOT 0
BEGIN
  UPDATE coupon_template SET stock = 0 WHERE id = NEW.id;
END;

CREATE TRIGGER coupon_template_pool_stock AFTER UPDATE OF stock, code_mode ON coupon_template
WHEN NEW.code_mode = 'POOL' AND NEW.stock IS NOT (SELECT coalesce(sum(made), 0) FROM code_pool WHERE template = NEW.id)
BEGIN
  UPDATE coupon_template SET stock = (SELECT coalesce(sum(made), 0) FROM code_pool WHERE template = NEW.id) WHERE id = NEW.id;
END;
