-- What receivers answer is for admins, and stands by itself; why nothing came of an attempt is told in words of ours,
-- all ways of getting no answer in the same ones.

ALTER TABLE webhook_delivery ADD COLUMN answer TEXT; -- null when it took it, or said nothing

UPDATE webhook_delivery SET answer = error, error = 'the endpoint did not take it'
WHERE status IS NOT NULL AND (error GLOB 'the endpoint refused it (*' OR error GLOB 'it answered with a redirect*');

UPDATE webhook_delivery SET error = 'it could not be reached, or did not answer in time'
WHERE error GLOB 'it could not be reached*' OR error GLOB 'no answer within *';

-- What is left of a budget is told with its currency.
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
  SELECT 'coupon.sold_out', 2, 'coupon-template/' || NEW.id,
    json_object('template', NEW.id, 'recurringTemplate', NEW.recurring_template, 'issued', NEW.issued,
      'stock', NEW.stock, 'budget', NEW.budget, 'currency', NEW.currency),
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state = 'SOLD_OUT';
END;

-- Events that wait for their endpoints, or are shown of the past, know the currency, too.
UPDATE event SET version = 2, data = json_set(data, '$.currency',
    (SELECT t.currency FROM coupon_template t WHERE t.id = data ->> '$.template'))
WHERE type = 'coupon.sold_out';
UPDATE webhook_delivery SET body = json_set(body, '$.version', 2, '$.data.currency',
    (SELECT t.currency FROM coupon_template t WHERE t.id = body ->> '$.data.template'))
WHERE type = 'coupon.sold_out';
