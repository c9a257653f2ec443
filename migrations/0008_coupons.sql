-- Coupons: what is promised (templates), and who holds one. Money is minor units, times are ms.

CREATE TABLE coupon_template (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  shop TEXT NOT NULL DEFAULT '',            -- the shop's number; '' = the platform's own
  kind TEXT NOT NULL,                       -- a discount kind: see coupon/discount/
  params TEXT NOT NULL,                     -- JSON, its shape depends on the kind
  currency TEXT NOT NULL,                   -- ISO 4217
  conditions TEXT NOT NULL DEFAULT '{}',    -- JSON: which goods and categories count
  stacking TEXT NOT NULL DEFAULT '{"exclusive":true}', -- JSON: { exclusive: true } | { group, order }
  given TEXT NOT NULL CHECK (given IN ('SELF_CLAIM', 'SYSTEM', 'CODE')),
  code_mode TEXT NOT NULL DEFAULT 'NONE' CHECK (code_mode IN ('NONE', 'ON_CLAIM', 'POOL')),
  code_prefix TEXT NOT NULL DEFAULT '',
  eligibility TEXT,                         -- JSON, the audience language; null = every member
  per_member INTEGER NOT NULL DEFAULT 1 CHECK (per_member >= 1),
  stock INTEGER,                            -- null = unlimited
  issued INTEGER NOT NULL DEFAULT 0,        -- moved with the coupons, by the triggers below or by the bulk issue
  budget INTEGER,                           -- what it may cost in all; null = unlimited
  most INTEGER,                             -- what one coupon can cost at most: reserved for each; needed with a budget
  reserved INTEGER NOT NULL DEFAULT 0,      -- for coupons that are not spent yet
  spent INTEGER NOT NULL DEFAULT 0,
  opens_at INTEGER,                         -- the claim window; null = open on that side
  closes_at INTEGER,
  valid_from INTEGER,                       -- a fixed window, or …
  valid_to INTEGER,
  valid_days INTEGER,                       -- … so many days from the claim
  active_url TEXT,                          -- where a claim link leads
  state TEXT NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'SOLD_OUT', 'ENDED', 'WITHDRAWN')),
  recurrence TEXT,                          -- JSON { cron, zone, minutes }: this row is a pattern; each occurrence is a template of its own
  pattern INTEGER REFERENCES coupon_template (id),
  occurs_at INTEGER,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (pattern, occurs_at),
  CHECK (stock IS NULL OR issued <= stock),
  CHECK (budget IS NULL OR reserved + spent <= budget),
  CHECK (budget IS NULL OR most IS NOT NULL)
);
CREATE INDEX coupon_template_open ON coupon_template (closes_at) WHERE state IN ('ACTIVE', 'SOLD_OUT');

CREATE TABLE coupon (
  id INTEGER PRIMARY KEY,
  member INTEGER NOT NULL,
  template INTEGER NOT NULL,
  number INTEGER NOT NULL,                  -- the member's n-th of this template, never above its limit
  source TEXT NOT NULL,                     -- CLAIM, CODE, ISSUE, or 'run/<run>' of the campaign that issued it
  token TEXT,                               -- of the claim: the same one gives the same coupon; null when issued in bulk
  code TEXT,
  state TEXT NOT NULL DEFAULT 'AVAILABLE',  -- AVAILABLE, LOCKED, USED, EXPIRED, WITHDRAWN
  reserve INTEGER NOT NULL DEFAULT 0,       -- of the template's budget, held for it
  at INTEGER NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,                         -- null = for ever
  order_id TEXT,                            -- the order it is locked for or was used on
  locked_until INTEGER,
  used_at INTEGER,
  discount INTEGER                          -- what it took off, once used
);
CREATE UNIQUE INDEX coupon_number ON coupon (member, template, number);
CREATE UNIQUE INDEX coupon_token ON coupon (token) WHERE token IS NOT NULL;
CREATE UNIQUE INDEX coupon_code ON coupon (code) WHERE code IS NOT NULL;
CREATE INDEX coupon_expiry ON coupon (valid_to) WHERE state = 'AVAILABLE' AND valid_to IS NOT NULL;
CREATE INDEX coupon_lock ON coupon (locked_until) WHERE state = 'LOCKED';
CREATE INDEX coupon_order ON coupon (order_id) WHERE order_id IS NOT NULL;

-- The database decides, row by row: whatever was let through too many is ignored here. The bulk issue bounds its rows itself.
CREATE TRIGGER coupon_admission BEFORE INSERT ON coupon
WHEN NEW.source NOT LIKE 'run/%' AND NOT EXISTS (
  SELECT 1 FROM coupon_template t WHERE t.id = NEW.template AND t.state = 'ACTIVE'
    AND (t.stock IS NULL OR t.issued < t.stock)
    AND (t.budget IS NULL OR t.reserved + t.spent + NEW.reserve <= t.budget)
    AND (NEW.source = 'ISSUE' OR t.opens_at IS NULL OR t.opens_at <= NEW.at)
    AND (t.closes_at IS NULL OR NEW.at < t.closes_at))
BEGIN
  SELECT RAISE(IGNORE);
END;

CREATE TRIGGER coupon_counted AFTER INSERT ON coupon
WHEN NEW.source NOT LIKE 'run/%'
BEGIN
  UPDATE coupon_template SET issued = issued + 1, reserved = reserved + NEW.reserve,
    state = CASE WHEN issued + 1 >= stock OR reserved + NEW.reserve + spent + most > budget THEN 'SOLD_OUT' ELSE state END
  WHERE id = NEW.template;
END;

-- How many coupons of a template are in which state; moved with them.
CREATE TABLE coupon_tally (
  template INTEGER NOT NULL,
  state TEXT NOT NULL,
  n INTEGER NOT NULL,
  discount INTEGER NOT NULL DEFAULT 0,      -- given by those that were used
  revenue INTEGER NOT NULL DEFAULT 0,       -- what the carts paid on which they were used
  PRIMARY KEY (template, state)
) WITHOUT ROWID;
