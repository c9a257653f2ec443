-- The audit is read as one list: by what kind of thing it was done to, by whom and with which token.
CREATE INDEX audit_token ON audit (token, id) WHERE token IS NOT NULL;
CREATE INDEX audit_kind ON audit (substr(subject, 1, instr(subject, '/') - 1), id);
CREATE INDEX audit_actor ON audit (substr(actor, 1, instr(actor, ' ') - 1), id);

-- What was done to coupons of a shop is the shop's to read.
UPDATE audit SET shop = (
    SELECT t.shop FROM coupon c JOIN coupon_template t ON t.id = c.template
    WHERE c.id = CAST(substr(audit.subject, 8) AS INTEGER))
  WHERE subject GLOB 'coupon/*' AND shop = '' AND EXISTS (
    SELECT 1 FROM coupon c JOIN coupon_template t ON t.id = c.template
    WHERE c.id = CAST(substr(audit.subject, 8) AS INTEGER) AND t.shop <> '');
