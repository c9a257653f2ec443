-- Drops lists of many members, so that what they see next is what the database says. The names of their keys are made
-- here: to name a thousand members' keys would take the caller longer than the coupons took that it tells of.
-- ARGV 1 JSON list of the members' numbers   2 … what comes after "wallet:{<member>}:" in the keys to drop
-- →    keys that were there
local dropped = 0
for member in string.gmatch(ARGV[1], "%d+") do
  for i = 2, #ARGV do dropped = dropped + redis.call("DEL", "wallet:{" .. member .. "}:" .. ARGV[i]) end
end
return dropped
