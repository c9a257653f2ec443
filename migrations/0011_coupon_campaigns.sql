-- Campaigns that give coupons, or invite to claim them. The kind so far was ANNOUNCEMENT everywhere, so that its column can be made anew with
-- a wider CHECK: no row is copied, and nothing that refers to the table notices.

ALTER TABLE campaign DROP COLUMN kind;
ALTER TABLE campaign ADD COLUMN kind TEXT NOT NULL DEFAULT 'ANNOUNCEMENT' CHECK (kind IN ('ANNOUNCEMENT', 'COUPON_ISSUE', 'COUPON_INVITE'));
ALTER TABLE campaign ADD COLUMN coupon_template INTEGER REFERENCES coupon_template (id);
