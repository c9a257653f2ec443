-- A coupon that is given counts up its template. The state is named in a statement of its own, which finds nothing
-- to do but for the last unit: naming it for each coupon wrote the index of open templates anew.
DROP TRIGGER coupon_counted;
CREATE TRIGGER coupon_counted AFTER INSERT ON coupon
WHEN NEW.counted = 0
BEGIN
  UPDATE coupon_template SET issued = issued + 1, reserved = reserved + NEW.held_budget,
    claimed = claimed + (NEW.source IN ('CLAIM', 'CODE'))
  WHERE id = NEW.template;
  UPDATE coupon_template SET state = 'SOLD_OUT'
  WHERE id = NEW.template AND state <> 'SOLD_OUT' AND (issued >= stock OR reserved + spent + max_discount > budget);
END;
