-- Ends an issue to many: what was issued keeps its units, the others come back, once. Where the database gave more than
-- were taken, the gate goes down by those, too, below 0 if they are of claims that are pending: these give them back.
-- A token that is not pending moves no units. The gate is never left above what the database had left.
-- KEYS 1 gate    string  units remaining; absent = not loaded          all keys share {template}
--      2 issues  hash    issue token → "<units>@<taken at, ms>"; ends with the gate
-- ARGV 1 token   2 units issued   3 units that the database had left after it; absent where nobody asked
-- →    units that the gate has now · "unloaded"
local pending = redis.call("HGET", KEYS[2], ARGV[1])
if pending then redis.call("HDEL", KEYS[2], ARGV[1]) end
local remaining = redis.call("GET", KEYS[1])
if not remaining then return "unloaded" end
local had = tonumber(remaining)
local has = had
if pending then has = has + tonumber(string.match(pending, "^%d+")) - tonumber(ARGV[2]) end
if ARGV[3] then has = math.min(has, tonumber(ARGV[3])) end
if has ~= had then redis.call("SET", KEYS[1], string.format("%d", has), "KEEPTTL") end
return has
