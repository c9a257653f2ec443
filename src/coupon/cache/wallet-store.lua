-- Loads one list of a member's wallet with what the database said, unless a coupon of the member was moved since it was
-- asked.
-- KEYS 1 version  string  name of the wallet's present state; whatever moves a coupon renames or deletes it
--      2 list     hash    coupon → its row as JSON, and "" in every loaded list: so an empty one is there, too
--      both share {member}
-- ARGV 1 the name under which the database was asked   2 lifetime of the list, ms   then coupon, row, coupon, row, …
-- →    "stored" · "stale"
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return "stale" end
redis.call("DEL", KEYS[2])
redis.call("HSET", KEYS[2], "", "")
for i = 3, #ARGV, 2 do redis.call("HSET", KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call("PEXPIRE", KEYS[2], ARGV[2])
return "stored"
