-- Which members of a range may have a loaded list.
-- KEYS 1 … n  bitmaps  members by their number, each of one period     all keys share {watching}
-- ARGV 1 members above this number   2 up to this one
-- →    their numbers, some perhaps twice
local from, to = tonumber(ARGV[1]) + 1, tonumber(ARGV[2])
local first = math.floor(from / 8)
local found = {}
for _, key in ipairs(KEYS) do
  local bytes = redis.call("GETRANGE", key, first, math.floor(to / 8))
  local at = string.find(bytes, "[^%z]")
  while at do
    local byte = string.byte(bytes, at)
    for bit = 0, 7 do
      local member = (first + at - 1) * 8 + bit
      if byte >= 2 ^ (7 - bit) then
        byte = byte - 2 ^ (7 - bit)
        if member >= from and member <= to then found[#found + 1] = member end
      end
    end
    at = string.find(bytes, "[^%z]", at + 1)
  end
end
return found
