-- What becomes of coupon templates: who moved them and why, how far their gates were off, and the coupons that are being taken back.

-- Of those that were issued: how many members came for themselves, with a claim or a code.
ALTER TABLE coupon_template ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER coupon_counted;
CREATE TRIGGER coupon_counted AFTER INSERT ON coupon
WHEN NEW.source NOT LIKE 'run/%'
BEGIN
  UPDATE coupon_template SET issued = issued + 1, reserved = reserved + NEW.reserve, claimed = claimed + (NEW.source <> 'ISSUE'),
    state = CASE WHEN issued + 1 >= stock OR reserved + NEW.reserve + spent + most > budget THEN 'SOLD_OUT' ELSE state END
  WHERE id = NEW.template;
END;

CREATE TABLE coupon_transition (
  id INTEGER PRIMARY KEY,
  template INTEGER NOT NULL REFERENCES coupon_template (id),
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT,
  at INTEGER NOT NULL
);
CREATE INDEX coupon_transition_template ON coupon_transition (template, id);

-- Whoever moves a template logs it first. What moves with the coupons themselves is logged here, and selling out is told, exactly once.
CREATE TRIGGER coupon_template_moved AFTER UPDATE OF state ON coupon_template
WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO coupon_transition (template, from_state, to_state, actor, at)
  SELECT NEW.id, OLD.state, NEW.state, 'stock and budget', CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state IS NOT (SELECT to_state FROM coupon_transition WHERE template = NEW.id ORDER BY id DESC LIMIT 1);
  INSERT INTO event (type, version, subject, data, at)
  SELECT 'coupon.sold_out', 1, 'coupon-template/' || NEW.id,
    json_object('template', NEW.id, 'pattern', NEW.pattern, 'issued', NEW.issued, 'stock', NEW.stock, 'budget', NEW.budget),
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state = 'SOLD_OUT';
END;

-- Gates that were ever off when they were reconciled; those that never were have no row.
CREATE TABLE coupon_gate (
  template INTEGER PRIMARY KEY REFERENCES coupon_template (id),
  drift INTEGER NOT NULL,                   -- at the last reconciliation: units too many, or (negative) too few
  drifting INTEGER NOT NULL,                -- reconciliations in a row that found it off by more than the bound
  mended_at INTEGER NOT NULL,               -- when it was last off …
  mended INTEGER NOT NULL                   -- … and by how much
);

-- When the gates were last reconciled: of all processes one does it.
CREATE TABLE coupon_gate_turn (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL
);
INSERT INTO coupon_gate_turn VALUES (1, 0);

-- Withdrawn templates whose unused coupons are taken back, a stretch of ids at a time.
CREATE TABLE coupon_take_back (
  template INTEGER PRIMARY KEY REFERENCES coupon_template (id),
  next INTEGER NOT NULL,                    -- coupons from this id on are still to be looked at …
  upto INTEGER NOT NULL,                    -- … up to this one
  taken INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
);
CREATE INDEX coupon_take_back_open ON coupon_take_back (started_at) WHERE ended_at IS NULL;
