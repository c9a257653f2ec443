-- Ends pending claims: what was issued keeps its unit, what was not gives it back. Tokens that are not pending change
-- nothing.
-- KEYS 1 gate     string  units remaining; absent = not loaded         all keys share {template}
--      2 pending  zset    claim token → admitted at, ms
-- ARGV 1 number n of tokens that were issued   2 … n+1 those tokens   then the tokens that were not
-- →    units given back
local issued = tonumber(ARGV[1])
local back = 0
for i = 2, #ARGV do
  if redis.call("ZREM", KEYS[2], ARGV[i]) == 1 and i > issued + 1 then back = back + 1 end
end
if back > 0 and redis.call("EXISTS", KEYS[1]) == 1 then redis.call("INCRBY", KEYS[1], back) end
return back
