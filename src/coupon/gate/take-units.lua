-- Takes units of a template's stock for an issue to many, as many as are left at most. Safe to repeat with the same
-- token: while it is pending it takes no second time.
-- KEYS 1 gate    string  units remaining; absent = not loaded          all keys share {template}
--      2 issues  hash    issue token → "<units>@<taken at, ms>"; ends with the gate
-- ARGV 1 token   2 units wanted   3 now, ms
-- →    units taken (0 = nothing is left, nothing is remembered) · "unloaded"
local remaining = redis.call("GET", KEYS[1])
if not remaining then return "unloaded" end
local pending = redis.call("HGET", KEYS[2], ARGV[1])
if pending then return tonumber(string.match(pending, "^%d+")) end
local units = math.min(tonumber(remaining), tonumber(ARGV[2]))
if units <= 0 then return 0 end
redis.call("DECRBY", KEYS[1], units)
redis.call("HSET", KEYS[2], ARGV[1], units .. "@" .. ARGV[3])
local lives = redis.call("PTTL", KEYS[1])
if lives > 0 then redis.call("PEXPIRE", KEYS[2], lives) end
return units
