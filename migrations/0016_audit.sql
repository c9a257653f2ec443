-- Who did what to which thing, and why: one table for all that has a life, read as its history.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,                    -- what it was done to: campaign/7, coupon-template/3, webhook/2
  what TEXT NOT NULL,                       -- in words, or the name of the transition's state
  from_state TEXT,                          -- of a transition; null where no state changed
  to_state TEXT,
  actor TEXT NOT NULL,                      -- operator Kim, service shop, job sweep
  reason TEXT,
  at INTEGER NOT NULL                       -- ms
);
CREATE INDEX audit_subject ON audit (subject, id);

INSERT INTO audit (subject, what, from_state, to_state, actor, reason, at)
  SELECT subject, what, from_state, to_state, actor, reason, at FROM (
    SELECT 'campaign/' || campaign AS subject, to_state AS what, from_state, to_state, actor, reason, at, id
    FROM transition
    UNION ALL
    SELECT 'coupon-template/' || template, to_state, from_state, to_state, actor, reason, at, id FROM coupon_transition
    UNION ALL
    SELECT 'webhook/' || webhook, note, NULL, NULL, actor, NULL, at, id FROM webhook_note)
  ORDER BY at, id;

-- What moves with the coupons themselves is logged here, and selling out is told, exactly once.
DROP TRIGGER coupon_template_moved;
CREATE TRIGGER coupon_template_moved AFTER UPDATE OF state ON coupon_template
WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO audit (subject, what, from_state, to_state, actor, at)
  SELECT 'coupon-template/' || NEW.id, NEW.state, OLD.state, NEW.state, 'stock and budget',
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state IS NOT (
    SELECT to_state FROM audit WHERE subject = 'coupon-template/' || NEW.id ORDER BY id DESC LIMIT 1);
  INSERT INTO event (type, version, subject, data, at)
  SELECT 'coupon.sold_out', 1, 'coupon-template/' || NEW.id,
    json_object('template', NEW.id, 'recurringTemplate', NEW.recurring_template, 'issued', NEW.issued,
      'stock', NEW.stock, 'budget', NEW.budget),
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state = 'SOLD_OUT';
END;

DROP TABLE transition;
DROP TABLE coupon_transition;
DROP TABLE webhook_note;
