-- Admits claims of one template to its stock, each by itself, in their order. Safe to repeat with the same token: it
-- takes no second unit.
-- KEYS 1 gate      string  units remaining; absent = not loaded        all keys share {template}
--      2 pending   zset    claim token → admitted at, ms
--      3 … n+2  attempts  string  of each claim's member: claims in this period; expires with it
-- ARGV 1 now, ms   2 attempts allowed in a period   3 period, ms   4 … n+3 the claims' tokens
-- →    of each claim: 0 admitted · -1 sold out · -2 unloaded · above 0 rate limited, ms to wait
local gate, pending, now, allowed, period = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local units = redis.call("GET", gate)
local remaining = units and tonumber(units)
local taken = 0

local function waits(attempts)
  local n = redis.call("INCR", attempts)
  if n == 1 then redis.call("PEXPIRE", attempts, period) end
  if n <= allowed then return nil end
  local wait = redis.call("PTTL", attempts)
  if wait >= 0 then return math.max(1, wait) end
  redis.call("PEXPIRE", attempts, period)
  return tonumber(period)
end

local function enters(token)
  if not remaining then return -2 end
  if remaining - taken <= 0 then return redis.call("ZSCORE", pending, token) and 0 or -1 end
  taken = taken + redis.call("ZADD", pending, "NX", now, token)
  return 0
end

local answers = {}
for i = 3, #KEYS do answers[i - 2] = waits(KEYS[i]) or enters(ARGV[i + 1]) end
if taken > 0 then redis.call("DECRBY", gate, taken) end
return answers
