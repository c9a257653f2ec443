-- What moves a template with its coupons took the time from SQLite, while all else has the shop's. Whoever moves a
-- state says when, in `updated_at`; the history and the event say the same.
DROP TRIGGER coupon_template_moved;
CREATE TRIGGER coupon_template_moved AFTER UPDATE OF state ON coupon_template
WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO audit (subject, what, from_state, to_state, actor, at, shop)
  SELECT 'coupon-template/' || NEW.id, NEW.state, OLD.state, NEW.state, 'stock and budget', NEW.updated_at, NEW.shop
  WHERE NEW.state IS NOT (
    SELECT to_state FROM audit WHERE subject = 'coupon-template/' || NEW.id ORDER BY id DESC LIMIT 1);
  INSERT INTO event (type, version, subject, data, at)
  SELECT 'coupon.sold_out', 2, 'coupon-template/' || NEW.id,
    json_object('template', NEW.id, 'recurringTemplate', NEW.recurring_template, 'issued', NEW.issued,
      'stock', NEW.stock, 'budget', NEW.budget, 'currency', NEW.currency),
    NEW.updated_at
  WHERE NEW.state = 'SOLD_OUT';
END;

-- The second statement finds its row for the last unit alone.
DROP TRIGGER coupon_counted;
CREATE TRIGGER coupon_counted AFTER INSERT ON coupon
WHEN NEW.counted = 0
BEGIN
  UPDATE coupon_template SET issued = issued + 1, reserved = reserved + NEW.held_budget,
    claimed = claimed + (NEW.source IN ('CLAIM', 'CODE'))
  WHERE id = NEW.template;
  UPDATE coupon_template SET state = 'SOLD_OUT', updated_at = NEW.at
  WHERE id = NEW.template AND state <> 'SOLD_OUT' AND (issued >= stock OR reserved + spent + max_discount > budget);
END;

DROP TRIGGER code_pool_grown;
CREATE TRIGGER code_pool_grown AFTER UPDATE OF made ON code_pool
WHEN NEW.made <> OLD.made
BEGIN
  UPDATE coupon_template SET stock = (SELECT sum(made) FROM code_pool WHERE template = NEW.template)
  WHERE id = NEW.template AND code_mode = 'POOL';
  UPDATE coupon_template SET state = 'ACTIVE', updated_at = NEW.updated_at
  WHERE id = NEW.template AND code_mode = 'POOL' AND state = 'SOLD_OUT'
    AND (budget IS NULL OR reserved + spent + max_discount <= budget);
END;
