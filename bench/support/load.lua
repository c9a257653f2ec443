-- Requests for wrk, made before the clock starts: of each line of the file named by REQUESTS (address, token and body,
-- tab by tab) one whole request. Where a body has the place of a key, KEY_PLACE, each request gets a key of its own of
-- the same length. FROM: the line to begin with.
local place = os.getenv("KEY_PLACE")
local requests = {}
local counter = 0
local threads = 0
local stamp = ""

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local address, token, body = line:match("([^\t]+)\t([^\t]+)\t(.+)")
    local headers = {
      ["content-type"] = "application/json",
      ["authorization"] = "Bearer " .. token,
      ["x-forwarded-for"] = address,
    }
    local whole = wrk.format("POST", nil, headers, body)
    local from, to = whole:find(place, 1, true)
    requests[#requests + 1] = from and { whole:sub(1, from - 1), whole:sub(to + 1) } or whole
  end
  counter = tonumber(os.getenv("FROM"))
  stamp = string.format("%010d-%02d-", os.time(), id)
end

function request()
  local one = requests[counter % #requests + 1]
  counter = counter + 1
  if type(one) == "string" then return one end
  return one[1] .. stamp .. string.format("%0" .. #place - #stamp .. "d", counter) .. one[2]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local figures = '{"requests":%d,"micros":%d,"failed":%d,"p50":%.3f,"p99":%.3f}\n'
  local p50, p99 = latency:percentile(50) / 1000, latency:percentile(99) / 1000
  io.write(figures:format(summary.requests, summary.duration, failed, p50, p99))
end
