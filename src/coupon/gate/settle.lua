-- Ends pending claims: what was issued keeps its unit, what was not gives it back. Tokens that are not pending change
-- nothing.
-- KEYS 1 gate     string  units remaining; absent = not loaded         all keys share {template}
--      2 pending  zset    claim token → admitted at, ms
-- ARGV 1 number n of tokens that were issued   2 … n+1 those tokens   then the tokens that were not
-- →    units given back
local together = 1000 -- what Lua takes as arguments has an end

local function forget(first, last)
  local gone = 0
  for i = first, last, together do
    gone = gone + redis.call("ZREM", KEYS[2], unpack(ARGV, i, math.min(last, i + together - 1)))
  end
  return gone
end

local issued = tonumber(ARGV[1])
forget(2, issued + 1)
local back = forget(issued + 2, #ARGV)
if back > 0 and redis.call("EXISTS", KEYS[1]) == 1 then redis.call("INCRBY", KEYS[1], back) end
return back
