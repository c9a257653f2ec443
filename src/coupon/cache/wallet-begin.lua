-- Announces that coupons of a member were moved: whatever is being read of the wallet is not stored any more. Says
-- whether a list is loaded that has to follow.
-- KEYS 1 version  string  name of the wallet's present state                       all keys share {member}
--      2 from     hash    coupon → its row as JSON, and "" when loaded
--      3 to       hash    the same
-- ARGV 1 the wallet's new name   2 lifetime of the name, ms
-- →    "loaded" · "idle"
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
if redis.call("EXISTS", KEYS[2]) == 1 or redis.call("EXISTS", KEYS[3]) == 1 then return "loaded" end
return "idle"
