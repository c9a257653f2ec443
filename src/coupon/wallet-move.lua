-- Moves coupons of one member from one status to another, in those of the two lists that are loaded. News of moves may come in any order:
-- a list that may have missed an earlier one is dropped, and loaded again when it is asked for.
-- KEYS 1 version  string  name of the wallet's present state; deleted, so that nobody stores what was read before   all keys share {member}
--      2 from     hash    coupon → its row as JSON, and "" when loaded
--      3 to       hash    the same
-- ARGV coupon, row, coupon, row, …
-- →    "moved" · "dropped"
redis.call("DEL", KEYS[1])
if redis.call("EXISTS", KEYS[2]) == 0 then
  redis.call("DEL", KEYS[3])
  return "dropped"
end
local loaded = redis.call("EXISTS", KEYS[3]) == 1
for i = 1, #ARGV, 2 do
  if redis.call("HDEL", KEYS[2], ARGV[i]) == 0 then
    redis.call("DEL", KEYS[2], KEYS[3])
    return "dropped"
  end
  if loaded then redis.call("HSET", KEYS[3], ARGV[i], ARGV[i + 1]) end
end
return "moved"
