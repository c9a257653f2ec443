-- Counts requests that processes let pass by themselves, and lets further ones pass while there is room: GCRA over all.
-- KEYS i usage  string  "since count until": at least `count` requests passed since `since`, and what passed is earned
--        back at `until` at the latest, µs; expires when nothing that is told late can join it; all of one slot
-- ARGV 1 now, µs
--      2 JSON, for each key: interval, µs; requests a burst; how long ago, µs, and how many, twice: what the process
--        knows, what Redis was not told; how many ask
-- →    JSON, for each key: how long ago, µs, and how many: what is known; how many of those that ask may pass
local latest = 3000000 -- what is told is hardly older, µs
local apart = 1000000 -- the clocks of processes differ by less, µs: what began later did so before one was set back
local now, questions, answers = tonumber(ARGV[1]), cjson.decode(ARGV[2]), {}
for i, key in ipairs(KEYS) do
  local interval, limit, knownFor, known, untoldFor, untold, asking = unpack(questions[i])
  local burst = interval * limit
  local most = now + 2 * burst -- nothing is in use for longer: the clock was set back
  local since, count, to = now, 0, now
  local kept = redis.call("GET", key)
  if kept then
    local one, two, three = string.match(kept, "(%d+) (%d+) (%d+)")
    one, two, three = tonumber(one), tonumber(two), tonumber(three)
    if three <= most and one <= now + apart then since, count, to = one, two, three end
  end
  -- What is told may have passed before what is kept: all of it passed since the earlier time.
  local first, joined = now - untoldFor, 0
  if to > first and to + untold * interval <= most then
    since, count, to = math.min(since, first), count + untold, to + untold * interval
    joined = to
  end
  local known_to = now - knownFor + known * interval
  if known_to > most or knownFor < -apart then known, knownFor, known_to = 0, 0, 0 end
  -- All of it was earned back before, or the process knows no less than is kept.
  if known_to >= joined then since, count, to = now - knownFor, known, known_to end
  local used = math.max(now, since + count * interval, known_to)
  local passed = math.max(0, math.min(asking, math.floor((now + burst - used) / interval)))
  if passed > 0 and to <= now then since, count, to = now, 0, now end
  count, to = count + passed, to + passed * interval
  local left = to - now + latest
  if left > 0 then
    redis.call("SET", key, string.format("%.0f %.0f %.0f", since, count, to), "PX", math.ceil(left / 1000))
  end
  if known_to > since + count * interval then since, count = now - knownFor, known + passed end
  answers[i] = { now - since, count, passed }
end
return cjson.encode(answers)
