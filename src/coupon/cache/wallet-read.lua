-- Reads one list of a member's wallet, or says under which version it may be loaded.
-- KEYS 1 version  string  name of the wallet's present state; whatever moves a coupon renames or deletes it
--      2 list     hash    coupon → its row as JSON, and "" in every loaded list: so an empty one is there, too
--      both share {member}
-- ARGV 1 a new name, should there be none   2 lifetime of the name, ms
-- →    { "loaded", { field, value, … } } · { "unloaded", name }
local list = redis.call("HGETALL", KEYS[2])
if #list > 0 then return { "loaded", list } end
local version = redis.call("GET", KEYS[1])
if not version then
  version = ARGV[1]
  redis.call("SET", KEYS[1], version, "PX", ARGV[2])
end
return { "unloaded", version }
