-- Admits one claim to a template's stock. Safe to repeat with the same token: it takes no second unit.
-- KEYS 1 gate      string  units remaining; absent = not loaded        all keys share {template}
--      2 pending   zset    claim token → admitted at, ms
--      3 attempts  string  the member's claims in this period; expires with it
-- ARGV 1 token   2 now, ms   3 attempts allowed in a period   4 period, ms
-- →    "admitted" · "sold_out" · "unloaded" · { "rate_limited", ms to wait }
local attempts = redis.call("INCR", KEYS[3])
if attempts == 1 then redis.call("PEXPIRE", KEYS[3], ARGV[4]) end
if attempts > tonumber(ARGV[3]) then
  local wait = redis.call("PTTL", KEYS[3])
  if wait < 0 then
    redis.call("PEXPIRE", KEYS[3], ARGV[4])
    wait = tonumber(ARGV[4])
  end
  return { "rate_limited", wait }
end
local remaining = redis.call("GET", KEYS[1])
if not remaining then return "unloaded" end
if redis.call("ZSCORE", KEYS[2], ARGV[1]) then return "admitted" end
if tonumber(remaining) <= 0 then return "sold_out" end
redis.call("DECR", KEYS[1])
redis.call("ZADD", KEYS[2], ARGV[2], ARGV[1])
return "admitted"
