-- Which goods count for a promotion, for whom it is, beside which others it acts, and where it leads. Those that were
-- written down before count all goods, are for everyone, act beside all others and lead nowhere.
ALTER TABLE promotion ADD COLUMN conditions TEXT NOT NULL
  DEFAULT '{"goods":{"include":[],"exclude":[]},"categories":{"include":[],"exclude":[]}}';
ALTER TABLE promotion ADD COLUMN audience TEXT NOT NULL DEFAULT '{"everyone":true}'; -- everyone, a filter, or a segment
ALTER TABLE promotion ADD COLUMN stacking TEXT;   -- JSON: exclusive, or a group and an order; null = beside all others
ALTER TABLE promotion ADD COLUMN active_url TEXT;
ALTER TABLE promotion ADD COLUMN created_by TEXT; -- in words; null = nobody wrote it down then
UPDATE promotion SET created_by =
  (SELECT actor FROM audit WHERE subject = 'promotion/' || promotion.id AND what = 'created' ORDER BY id LIMIT 1);
