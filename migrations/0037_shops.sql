-- A company runs several shops: an operator works for one of them or for all (empty), and what is planned belongs to
-- one or to the company itself (empty). What hangs on these – runs, coupons, codes – belongs where they do.
ALTER TABLE operator ADD COLUMN shop TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN shop TEXT NOT NULL DEFAULT '';
ALTER TABLE promotion ADD COLUMN shop TEXT NOT NULL DEFAULT '';
CREATE INDEX campaign_shop ON campaign (shop, id) WHERE shop <> '';
CREATE INDEX promotion_shop ON promotion (shop, id) WHERE shop <> '';
CREATE INDEX coupon_template_shop ON coupon_template (shop, id) WHERE shop <> '';

-- Two shops may each call a segment what they like, and neither learns what the other did. A segment's history stays
-- when it is deleted: the next one is another, with another number.
CREATE TABLE new_segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  shop TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL,
  filter TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (shop, name)
);
INSERT INTO new_segment (id, name, filter, created_at, updated_at)
  SELECT id, name, filter, created_at, updated_at FROM segment;
DROP TABLE segment;
ALTER TABLE new_segment RENAME TO segment;
-- No number that was ever told of is given again.
INSERT INTO sqlite_sequence (name, seq) SELECT 'segment', 0
  WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'segment');
UPDATE sqlite_sequence SET seq = max(seq, (
  SELECT coalesce(max(CAST(substr(subject, 9) AS INTEGER)), 0) FROM revision WHERE subject GLOB 'segment/*'))
  WHERE name = 'segment';

-- Who did it is a person with a token, of a shop; and what it was done to belongs to a shop, or to the company.
ALTER TABLE audit ADD COLUMN operator INTEGER;                   -- null: a service, a job, a member
ALTER TABLE audit ADD COLUMN token INTEGER;                      -- access_token.id: an operator's or a service's
ALTER TABLE audit ADD COLUMN actor_shop TEXT NOT NULL DEFAULT '';-- that the person worked for then
ALTER TABLE audit ADD COLUMN shop TEXT NOT NULL DEFAULT '';      -- of what it was done to
UPDATE audit SET operator = (SELECT o.id FROM operator o WHERE 'operator ' || o.name = audit.actor)
  WHERE actor LIKE 'operator %';
UPDATE audit SET shop = t.shop FROM coupon_template t
  WHERE audit.subject = 'coupon-template/' || t.id AND t.shop <> '';
CREATE INDEX audit_shop ON audit (shop, id) WHERE shop <> '';
CREATE INDEX audit_operator ON audit (operator, id) WHERE operator IS NOT NULL;
CREATE INDEX audit_at ON audit (at, id);

-- What moves with the coupons themselves is logged with the template's shop.
DROP TRIGGER coupon_template_moved;
CREATE TRIGGER coupon_template_moved AFTER UPDATE OF state ON coupon_template
WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO audit (subject, what, from_state, to_state, actor, at, shop)
  SELECT 'coupon-template/' || NEW.id, NEW.state, OLD.state, NEW.state, 'stock and budget',
    CAST(unixepoch('subsec') * 1000 AS INTEGER), NEW.shop
  WHERE NEW.state IS NOT (
    SELECT to_state FROM audit WHERE subject = 'coupon-template/' || NEW.id ORDER BY id DESC LIMIT 1);
  INSERT INTO event (type, version, subject, data, at)
  SELECT 'coupon.sold_out', 2, 'coupon-template/' || NEW.id,
    json_object('template', NEW.id, 'recurringTemplate', NEW.recurring_template, 'issued', NEW.issued,
      'stock', NEW.stock, 'budget', NEW.budget, 'currency', NEW.currency),
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE NEW.state = 'SOLD_OUT';
END;
