-- Orders that were redeemed are forgotten by when that was.
CREATE INDEX coupon_order_redeemed ON coupon_order (redeemed_at) WHERE state IN ('REDEEMED', 'REFUNDED');
