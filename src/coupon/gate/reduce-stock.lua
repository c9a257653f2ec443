-- Lowers a gate to what the database has left, after coupons were given past it. It never raises it, so that repeating
-- it or being late is harmless.
-- KEYS 1 gate  string  units remaining; absent = not loaded
-- ARGV 1 units left by the database
-- →    units that the gate has now, "unloaded" if it is not loaded
local had = redis.call("GET", KEYS[1])
if not had then return "unloaded" end
if tonumber(had) <= tonumber(ARGV[1]) then return tonumber(had) end
redis.call("SET", KEYS[1], ARGV[1], "KEEPTTL")
return tonumber(ARGV[1])
