-- How long coupons are good for is said by name: a window, so many hours from the claim, or until the end of a day by
-- the shop's clock. What was called days so far was days of 24 hours, and stays what was promised. Times are ms.

ALTER TABLE coupon_template ADD COLUMN valid_hours INTEGER; -- hours from the claim; valid_days: to the end of that day
UPDATE coupon_template SET valid_hours = valid_days * 24, valid_days = NULL WHERE valid_days IS NOT NULL;

-- What was answered before is answered the same again, in the new words.
UPDATE idempotency SET answer = json_set(answer, '$.validHours', (answer ->> '$.validDays') * 24, '$.validDays', NULL)
  WHERE answer ->> '$.issueMode' IS NOT NULL AND answer ->> '$.codeMode' IS NOT NULL;

-- Whether there are codes that were not made here, which have no check symbol.
CREATE INDEX code_pool_uploaded ON code_pool (source) WHERE source = 'UPLOADED';

-- How many were asked for and until when, as JSON, where coupons were given to one member otherwise than their template
-- has it: the same key with something else is a conflict. Who or what gave it stands in `source`: CLAIM, CODE,
-- 'run/<run>', 'person/<name>', 'order/<order>', … or ISSUE, as all of these were called before.
ALTER TABLE coupon ADD COLUMN asked TEXT;

DROP TRIGGER coupon_admission;
CREATE TRIGGER coupon_admission BEFORE INSERT ON coupon
WHEN NEW.counted = 0 AND NOT EXISTS (
  SELECT 1 FROM coupon_template t WHERE t.id = NEW.template AND t.state = 'ACTIVE'
    AND (t.stock IS NULL OR t.issued < t.stock)
    AND (t.budget IS NULL OR t.reserved + t.spent + NEW.held_budget <= t.budget)
    AND (NEW.source NOT IN ('CLAIM', 'CODE') OR t.opens_at IS NULL OR t.opens_at <= NEW.at)
    AND (t.closes_at IS NULL OR NEW.at < t.closes_at)
    AND (t.valid_to IS NULL OR NEW.at < t.valid_to))
BEGIN
  SELECT RAISE(IGNORE);
END;

DROP TRIGGER coupon_counted;
CREATE TRIGGER coupon_counted AFTER INSERT ON coupon
WHEN NEW.counted = 0
BEGIN
  UPDATE coupon_template SET issued = issued + 1, reserved = reserved + NEW.held_budget,
    claimed = claimed + (NEW.source IN ('CLAIM', 'CODE')),
    state = CASE WHEN issued + 1 >= stock OR reserved + NEW.held_budget + spent + max_discount > budget
      THEN 'SOLD_OUT' ELSE state END
  WHERE id = NEW.template;
END;
