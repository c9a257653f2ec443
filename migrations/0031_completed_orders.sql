-- Orders are completed, and what promotions promised for them is given then. Money is minor units, times are ms.

-- One state more; it is checked where orders are written: a CHECK could not be widened.
DROP INDEX coupon_order_lock;
DROP INDEX coupon_order_given_up;
DROP INDEX coupon_order_redeemed;
DROP INDEX coupon_order_list;
ALTER TABLE coupon_order RENAME COLUMN state TO old_state;
ALTER TABLE coupon_order ADD COLUMN state TEXT NOT NULL DEFAULT 'LOCKED'; -- LOCKED, REDEEMED, COMPLETED, REFUNDED, …
UPDATE coupon_order SET state = old_state;
ALTER TABLE coupon_order DROP COLUMN old_state;
ALTER TABLE coupon_order ADD COLUMN completed_at INTEGER; -- when the goods were known to be kept
CREATE INDEX coupon_order_lock ON coupon_order (locked_until) WHERE state = 'LOCKED';
CREATE INDEX coupon_order_given_up ON coupon_order (ended_at) WHERE state IN ('RELEASED', 'EXPIRED');
CREATE INDEX coupon_order_redeemed ON coupon_order (redeemed_at) WHERE state IN ('REDEEMED', 'COMPLETED', 'REFUNDED');
CREATE INDEX coupon_order_to_complete ON coupon_order (redeemed_at) WHERE state = 'REDEEMED';
-- For statements that say `refunded >= 0`, which is always true, and for no others.
CREATE INDEX coupon_order_list ON coupon_order (state, locked_at) WHERE refunded >= 0;

-- Whether a refund counts against what the order earns, and whether nothing of the payment was left after it.
ALTER TABLE coupon_order_refund ADD COLUMN rewards TEXT NOT NULL DEFAULT 'TAKE_BACK'; -- TAKE_BACK, KEEP
ALTER TABLE coupon_order_refund ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;

-- What promotions give for completed orders: a row for each tier that an order came to earn, the highest first; a
-- refund takes one back, and the next one that the payment still reaches takes its place.
CREATE TABLE order_reward (
  id INTEGER PRIMARY KEY,
  coupon_order INTEGER NOT NULL REFERENCES coupon_order (id),
  promotion INTEGER NOT NULL,
  spend INTEGER NOT NULL,                   -- the threshold of the tier
  name TEXT NOT NULL,                       -- the promotion's, as it was agreed
  kind TEXT NOT NULL,                       -- of reward, e.g. COUPON
  terms TEXT NOT NULL,                      -- JSON, its shape depends on the kind
  key TEXT NOT NULL UNIQUE,                 -- the gift's: repeating it gives nothing more
  state TEXT NOT NULL,                      -- PENDING, GIVEN, REFUSED, TAKING, TAKEN_BACK, KEPT, CANCELLED
  given INTEGER,                            -- what was given, e.g. the coupon
  reason TEXT,                              -- why it was refused, kept or cancelled: a code, and in words
  said TEXT,
  due_at INTEGER,                           -- from when on there is something to do for it; null = nothing
  parked_at INTEGER,                        -- when the queue gave its message up
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (coupon_order, promotion, spend)
);
-- Of one promotion an order never has two.
CREATE UNIQUE INDEX order_reward_one ON order_reward (coupon_order, promotion)
  WHERE state IN ('PENDING', 'GIVEN', 'REFUSED', 'TAKING', 'KEPT');
CREATE INDEX order_reward_due ON order_reward (due_at) WHERE due_at IS NOT NULL AND parked_at IS NULL;
CREATE INDEX order_reward_list ON order_reward (state, id);

-- How many rewards are in which state, ever: what is forgotten stays counted.
CREATE TABLE order_reward_count (state TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER order_reward_added AFTER INSERT ON order_reward
BEGIN
  INSERT INTO order_reward_count VALUES (NEW.state, 1) ON CONFLICT (state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER order_reward_moved AFTER UPDATE OF state ON order_reward WHEN NEW.state <> OLD.state
BEGIN
  UPDATE order_reward_count SET n = n - 1 WHERE state = OLD.state;
  INSERT INTO order_reward_count VALUES (NEW.state, 1) ON CONFLICT (state) DO UPDATE SET n = n + 1;
END;

-- Keys of gifts that were taken back: they give nothing any more, and what they gave does not come back.
CREATE TABLE coupon_void (token TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX coupon_void_at ON coupon_void (at);

-- Who keeps `member.total_spend`: the shop ('' = nobody here), or orders of a currency, and how far it was reckoned
-- anew since that was said.
CREATE TABLE spend_reckoning (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  currency TEXT NOT NULL,
  next INTEGER                              -- members before this `seq` are done; null = all are
);
INSERT INTO spend_reckoning VALUES (1, '', NULL);
