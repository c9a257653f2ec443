-- Coupons and orders in plain words: columns and tables are called what the code and the API call them. Nothing is
-- copied but what operators wrote; triggers and indexes follow the names by themselves, but for those made anew below.

-- How a template's coupons are given. It is checked where templates are written: a CHECK could not be widened.
ALTER TABLE coupon_template ADD COLUMN issue_mode TEXT NOT NULL DEFAULT 'SELF_CLAIM'; -- SELF_CLAIM, SYSTEM, CODE, …
UPDATE coupon_template SET issue_mode = given;
ALTER TABLE coupon_template DROP COLUMN given;

ALTER TABLE coupon_template RENAME COLUMN most TO max_discount;
ALTER TABLE coupon_template RENAME COLUMN pattern TO recurring_template; -- of an occurrence: the template that recurs
ALTER TABLE coupon RENAME COLUMN reserve TO held_budget;
-- What runs that are under way have frozen asks for the index in these words.
UPDATE run SET frozen = replace(frozen, 'AND reserve >= 0', 'AND held_budget >= 0')
  WHERE frozen LIKE '%AND reserve >= 0%';
ALTER TABLE coupon_tally RENAME TO coupon_counts;

-- What a promotion gives, and of what members are reminded: checked where they are written, too.
ALTER TABLE promotion RENAME COLUMN kind TO old_kind;
ALTER TABLE promotion ADD COLUMN kind TEXT NOT NULL DEFAULT 'FULL_REDUCTION';
UPDATE promotion SET kind = old_kind;
ALTER TABLE promotion DROP COLUMN old_kind;

CREATE TABLE new_notice_policy (
  kind TEXT NOT NULL,                       -- DROP, EXPIRY, …
  template INTEGER NOT NULL,                -- 0 = all
  enabled INTEGER NOT NULL,
  lead INTEGER,                             -- how long before, ms
  channels TEXT,                            -- JSON list, in order of preference
  content TEXT,                             -- JSON: channel → locale → parts
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (kind, template)
) WITHOUT ROWID;
INSERT INTO new_notice_policy SELECT kind, template, enabled, lead, channels, content, set_by, set_at
  FROM coupon_notice_policy;
DROP TABLE coupon_notice_policy;
ALTER TABLE new_notice_policy RENAME TO coupon_notice_policy;

-- Orders on which coupons are used; the index of coupons by their order had the name of their table.
DROP INDEX coupon_order;
CREATE INDEX coupon_of_order ON coupon (order_id) WHERE order_id IS NOT NULL;
ALTER TABLE settlement RENAME TO coupon_order;
ALTER TABLE settlement_refund RENAME TO coupon_order_refund;
ALTER TABLE coupon_order_refund RENAME COLUMN settlement TO coupon_order;
DROP INDEX settlement_lock;
DROP INDEX settlement_given_up;
DROP INDEX settlement_member;
CREATE INDEX coupon_order_lock ON coupon_order (locked_until) WHERE state = 'LOCKED';
CREATE INDEX coupon_order_given_up ON coupon_order (ended_at) WHERE state IN ('RELEASED', 'EXPIRED');
CREATE INDEX coupon_order_member ON coupon_order (member, id);

-- Whoever inserts many coupons at once bounds and counts them itself, and says so: 1. It is looked at on insertion.
ALTER TABLE coupon ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER coupon_admission;
CREATE TRIGGER coupon_admission BEFORE INSERT ON coupon
WHEN NEW.counted = 0 AND NOT EXISTS (
  SELECT 1 FROM coupon_template t WHERE t.id = NEW.template AND t.state = 'ACTIVE'
    AND (t.stock IS NULL OR t.issued < t.stock)
    AND (t.budget IS NULL OR t.reserved + t.spent + NEW.held_budget <= t.budget)
    AND (NEW.source = 'ISSUE' OR t.opens_at IS NULL OR t.opens_at <= NEW.at)
    AND (t.closes_at IS NULL OR NEW.at < t.closes_at))
BEGIN
  SELECT RAISE(IGNORE);
END;

DROP TRIGGER coupon_counted;
CREATE TRIGGER coupon_counted AFTER INSERT ON coupon
WHEN NEW.counted = 0
BEGIN
  UPDATE coupon_template SET issued = issued + 1, reserved = reserved + NEW.held_budget,
    claimed = claimed + (NEW.source <> 'ISSUE'),
    state = CASE WHEN issued + 1 >= stock OR reserved + NEW.held_budget + spent + max_discount > budget
      THEN 'SOLD_OUT' ELSE state END
  WHERE id = NEW.template;
END;

DROP TRIGGER coupon_template_moved;
CREATE TRIGGER coupon_template_moved AFTER UPDATE OF state ON coupon_template
WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO coupon_transition (template, from_state, to_state, actor, at)
  SELECT NEW.id, OLD.state, NEW.state, 'stock and budget', CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state IS NOT (SELECT to_state FROM coupon_transition WHERE template = NEW.id ORDER BY id DESC LIMIT 1);
  INSERT INTO event (type, version, subject, data, at)
  SELECT 'coupon.sold_out', 1, 'coupon-template/' || NEW.id,
    json_object('template', NEW.id, 'recurringTemplate', NEW.recurring_template, 'issued', NEW.issued,
      'stock', NEW.stock, 'budget', NEW.budget),
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state = 'SOLD_OUT';
END;
UPDATE event SET data = json_remove(json_set(data, '$.recurringTemplate', data ->> '$.pattern'), '$.pattern')
  WHERE type = 'coupon.sold_out';

-- What was answered before is answered the same again, in the new words.
UPDATE idempotency SET answer = json_remove(
    json_set(answer, '$.issueMode', answer ->> '$.given', '$.maxDiscount', answer ->> '$.most',
      '$.recurringTemplate', answer ->> '$.pattern'),
    '$.given', '$.most', '$.pattern')
  WHERE answer ->> '$.given' IN ('SELF_CLAIM', 'SYSTEM', 'CODE') AND answer ->> '$.codeMode' IS NOT NULL;
