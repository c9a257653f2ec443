-- A promotion's amounts are of one currency. Those that were written down without one get the currency in which the
-- shop has sold most, else that of most of its coupons.
ALTER TABLE promotion ADD COLUMN currency TEXT NOT NULL DEFAULT 'EUR';
UPDATE promotion SET currency = coalesce(
  (SELECT cart ->> 'currency' FROM coupon_order GROUP BY 1 ORDER BY count(*) DESC LIMIT 1),
  (SELECT currency FROM coupon_template GROUP BY 1 ORDER BY count(*) DESC LIMIT 1),
  'EUR');
