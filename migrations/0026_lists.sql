-- What people at the desk list. None of these indexes costs a claim or a page of sends more than a comparison: their
-- rows come with the moves that follow.

-- The coupons of a template that are not AVAILABLE any more, newest first; those that are have coupon_available.
CREATE INDEX coupon_moved ON coupon (template, state) WHERE state <> 'AVAILABLE';

-- Who failed in a run; both words stand in the condition as the statements say them.
CREATE INDEX send_lost ON send (run, channel, state) WHERE state = 'FAILED' OR state = 'UNKNOWN';

-- Orders by when they were locked last, in each state. It is for statements that say `refunded >= 0`, which is always
-- true, and for no others.
CREATE INDEX coupon_order_list ON coupon_order (state, locked_at) WHERE refunded >= 0;
