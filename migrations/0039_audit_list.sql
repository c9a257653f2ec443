-- The audit is read as one list: by what kind of thing it was done to, by whom and with which token.
CREATE INDEX audit_token ON audit (token, id) WHERE token IS NOT NULL;
CREATE INDEX audit_kind ON audit (substr(subject, 1, instr(subject, '/') - 1), id);
CREATE INDEX audit_actor ON audit (substr(actor, 1, instr(actor, ' ') - 1), id);

-- A segment's history stays when it is deleted: the next one is another, with another number.
CREATE TABLE new_segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  shop TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL,
  filter TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (shop, name)
);
INSERT INTO new_segment (id, shop, name, filter, created_at, updated_at)
  SELECT id, shop, name, filter, created_at, updated_at FROM segment;
DROP TABLE segment;
ALTER TABLE new_segment RENAME TO segment;
-- No number that was ever told of is given again.
INSERT INTO sqlite_sequence (name, seq) SELECT 'segment', 0
  WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'segment');
UPDATE sqlite_sequence SET seq = max(seq, (
  SELECT coalesce(max(CAST(substr(subject, 9) AS INTEGER)), 0) FROM revision WHERE subject GLOB 'segment/*'))
  WHERE name = 'segment';

-- What was done to coupons of a shop is the shop's to read.
UPDATE audit SET shop = (
    SELECT t.shop FROM coupon c JOIN coupon_template t ON t.id = c.template
    WHERE c.id = CAST(substr(audit.subject, 8) AS INTEGER))
  WHERE subject GLOB 'coupon/*' AND shop = '' AND EXISTS (
    SELECT 1 FROM coupon c JOIN coupon_template t ON t.id = c.template
    WHERE c.id = CAST(substr(audit.subject, 8) AS INTEGER) AND t.shop <> '');
