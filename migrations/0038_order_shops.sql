-- An order belongs to the shop of all of its lines; to none ('') where they are of several, or the company's own. What
-- it earned belongs where it does. New columns with a default write no row; of the old orders those of a shop are
-- written once, after one look at every cart.
ALTER TABLE coupon_order ADD COLUMN shop TEXT NOT NULL DEFAULT '';
ALTER TABLE order_reward ADD COLUMN shop TEXT NOT NULL DEFAULT '';
UPDATE coupon_order SET shop = cart ->> '$.lines[0].shop'
  WHERE cart GLOB '*"shop":"[^"]*' AND cart ->> '$.lines[0].shop' <> '' AND NOT EXISTS (
    SELECT 1 FROM json_each(cart, '$.lines') l WHERE l.value ->> '$.shop' IS NOT cart ->> '$.lines[0].shop');
UPDATE order_reward SET shop = o.shop FROM coupon_order o WHERE o.id = order_reward.coupon_order AND o.shop <> '';
CREATE INDEX coupon_order_shop ON coupon_order (shop, state, locked_at) WHERE shop <> '';
CREATE INDEX coupon_order_shop_name ON coupon_order (shop, order_id) WHERE shop <> '';
CREATE INDEX order_reward_shop ON order_reward (shop, state, id) WHERE shop <> '';

-- What became of the orders of each shop, ever, in sums that move with them: what is forgotten stays counted. Those
-- that were forgotten before are in none. Amounts are minor units.
CREATE TABLE order_sum (
  shop TEXT NOT NULL,
  currency TEXT NOT NULL,
  paid INTEGER NOT NULL DEFAULT 0,          -- orders that were redeemed, whatever became of them then
  whole INTEGER NOT NULL DEFAULT 0,         -- of these, those of which all went back
  pay INTEGER NOT NULL DEFAULT 0,           -- what was paid for them
  refunded INTEGER NOT NULL DEFAULT 0,      -- what of it went back
  promotions INTEGER NOT NULL DEFAULT 0,    -- what promotions and coupons had taken off
  coupons INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (shop, currency)
) WITHOUT ROWID;
INSERT INTO order_sum (shop, currency, paid, whole, pay, refunded, promotions, coupons)
  SELECT shop, quote ->> '$.currency', count(*), count(*) FILTER (WHERE state = 'REFUNDED'), sum(pay), sum(refunded),
    sum(quote ->> '$.promotionDiscount'), sum(quote ->> '$.couponDiscount')
  FROM coupon_order WHERE state IN ('REDEEMED', 'COMPLETED', 'REFUNDED') GROUP BY 1, 2;

CREATE TRIGGER coupon_order_paid AFTER UPDATE OF state ON coupon_order
WHEN NEW.state = 'REDEEMED' AND OLD.state <> 'REDEEMED'
BEGIN
  INSERT INTO order_sum (shop, currency, paid, pay, promotions, coupons)
  VALUES (NEW.shop, NEW.quote ->> '$.currency', 1, NEW.pay, NEW.quote ->> '$.promotionDiscount',
    NEW.quote ->> '$.couponDiscount')
  ON CONFLICT (shop, currency) DO UPDATE SET paid = paid + 1, pay = pay + excluded.pay,
    promotions = promotions + excluded.promotions, coupons = coupons + excluded.coupons;
END;
CREATE TRIGGER coupon_order_paid_back AFTER UPDATE OF refunded ON coupon_order
WHEN NEW.refunded <> OLD.refunded OR NEW.state <> OLD.state
BEGIN
  UPDATE order_sum SET refunded = refunded + NEW.refunded - OLD.refunded,
    whole = whole + (NEW.state = 'REFUNDED') - (OLD.state = 'REFUNDED')
  WHERE shop = NEW.shop AND currency = NEW.quote ->> '$.currency';
END;
