-- Moves coupons of one member from one status to another, in those of the two lists that are loaded. News of moves may
-- come in any order: where another came in between, or a list may have missed an earlier one, the lists are dropped,
-- and loaded again when they are asked for.
-- KEYS 1 version  string  name of the wallet's present state                       all keys share {member}
--      2 from     hash    coupon → its row as JSON, and "" when loaded
--      3 to       hash    the same
-- ARGV 1 the name that this move was announced with   then coupon, row, coupon, row, …
-- →    "moved" · "dropped"
if redis.call("GET", KEYS[1]) ~= ARGV[1] or redis.call("EXISTS", KEYS[2]) == 0 then
  redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
  return "dropped"
end
local loaded = redis.call("EXISTS", KEYS[3]) == 1
for i = 2, #ARGV, 2 do
  if redis.call("HDEL", KEYS[2], ARGV[i]) == 0 then
    redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
    return "dropped"
  end
  if loaded then redis.call("HSET", KEYS[3], ARGV[i], ARGV[i + 1]) end
end
return "moved"
