-- Orders on which coupons are used, from the lock to the refund. Money is minor units, times are ms.

CREATE TABLE settlement (
  id INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE,            -- the shop's
  member INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('LOCKED', 'REDEEMED', 'REFUNDED', 'RELEASED', 'EXPIRED')),
  revision TEXT NOT NULL,                   -- a new random name at every change: what else a change moves is guarded by it
  cart TEXT NOT NULL,                       -- JSON, as it was quoted last
  quote TEXT NOT NULL,                      -- JSON: what each coupon takes off, and what of it each line bears
  pay INTEGER NOT NULL,
  refunded INTEGER NOT NULL DEFAULT 0,
  locked_at INTEGER NOT NULL,
  locked_until INTEGER NOT NULL,
  redeemed_at INTEGER,
  ended_at INTEGER,                         -- when it was released, expired, or refunded in full
  CHECK (refunded BETWEEN 0 AND pay)
);
CREATE INDEX settlement_lock ON settlement (locked_until) WHERE state = 'LOCKED';
CREATE INDEX settlement_given_up ON settlement (ended_at) WHERE state IN ('RELEASED', 'EXPIRED');
CREATE INDEX settlement_member ON settlement (member, id);

CREATE TABLE settlement_refund (
  settlement INTEGER NOT NULL REFERENCES settlement (id),
  name TEXT NOT NULL,                       -- the shop's name for this refund: the same one is given once
  policy TEXT NOT NULL CHECK (policy IN ('GIVE_BACK', 'KEEP')),
  asked TEXT NOT NULL,                      -- JSON: what was asked for
  amount INTEGER NOT NULL CHECK (amount >= 0),
  lines TEXT NOT NULL,                      -- JSON: what of it belongs to each line
  given_back TEXT NOT NULL,                 -- JSON: the coupons that the member got back
  at INTEGER NOT NULL,
  PRIMARY KEY (settlement, name)
) WITHOUT ROWID;
