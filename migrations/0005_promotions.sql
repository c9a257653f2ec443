-- Promotions and what announced them; old answers of idempotency keys are found by their age.

CREATE TABLE promotion (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  remark TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('FULL_REDUCTION', 'DISCOUNT', 'COUPON', 'POINTS')),
  tiers TEXT NOT NULL,                      -- JSON list, by rising threshold; their shape depends on the kind
  starts_at INTEGER NOT NULL,
  ends_at INTEGER,
  enabled INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX promotion_enabled ON promotion (enabled, starts_at);

-- The campaigns that told members of a promotion.
CREATE TABLE announcement (
  promotion INTEGER NOT NULL REFERENCES promotion (id),
  campaign INTEGER NOT NULL REFERENCES campaign (id),
  at INTEGER NOT NULL,
  PRIMARY KEY (promotion, campaign)
) WITHOUT ROWID;

CREATE INDEX idempotency_at ON idempotency (at);
