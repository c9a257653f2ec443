-- Sets a gate to what the database says is left. What is pending is never subtracted: too many are let through, never
-- too few.
-- KEYS 1 gate     string  units remaining; absent = not loaded         all keys share {template}
--      2 pending  zset    claim token → admitted at, ms; ends with the gate
--      3 issues   hash    issue token → "<units>@<taken at, ms>"; ends with the gate
-- ARGV 1 units left by the database   2 lifetime, ms
-- →    what the gate had before, "unloaded" if nothing
local before = redis.call("GET", KEYS[1])
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[2])
redis.call("PEXPIRE", KEYS[3], ARGV[2])
return before or "unloaded"
