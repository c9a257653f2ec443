-- Admits one request under a rate limit (GCRA): a burst, then one request per interval.
-- KEYS 1 tat       string  theoretical arrival time of the next request, µs; expires when it is past
-- ARGV 1 now, µs   2 interval, µs   3 burst tolerance, µs
-- →    { "allowed" } · { "refused", µs to wait }
local now, interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = tonumber(redis.call("GET", KEYS[1])) or 0
-- No request leaves a time further ahead than that: the clock was set back since.
if tat < now or tat > now + tolerance + interval then tat = now end
local early = tat - now - tolerance
if early > 0 then return { "refused", early } end
local following = tat + interval
redis.call("SET", KEYS[1], string.format("%.0f", following), "PX", math.ceil((following - now) / 1000))
return { "allowed" }
