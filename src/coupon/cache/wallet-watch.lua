-- Notes that a member's wallet is being loaded.
-- KEYS 1 watching  bitmap  members by their number, of one period
-- ARGV 1 member   2 lifetime of the bitmap, ms
-- →    1
if redis.call("SETBIT", KEYS[1], ARGV[1], 1) == 0 and redis.call("PTTL", KEYS[1]) < 0 then
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
end
return 1
