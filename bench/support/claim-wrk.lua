-- Claims for wrk: reads the file named by REQUESTS (member, address, token, template), each request with a key of its own.
local lines = {}
for line in io.lines(os.getenv("REQUESTS")) do lines[#lines + 1] = line end
local counter = 0
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init()
  math.randomseed(os.time() + id * 7919)
  counter = math.random(1, #lines)
end

local query = "mutation ($t: ID!, $k: String!) { claimCoupon(input: { templateId: $t, idempotencyKey: $k }) { __typename ... on Coupon { id } } }"

function request()
  counter = counter + 1
  local member, address, token, template = lines[counter % #lines + 1]:match("(%S+)\t(%S+)\t(%S+)\t(%S+)")
  local headers = {
    ["content-type"] = "application/json", ["authorization"] = "Bearer " .. token, ["x-forwarded-for"] = address,
    ["x-member"] = member, ["x-template"] = template,
  }
  local body = '{"query":"' .. query .. '","variables":{"t":"' .. template .. '","k":"' .. os.time() .. "-" .. id .. "-" .. counter .. '"}}'
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"micros":%d,"failed":%d,"p50":%.3f,"p99":%.3f}\n', summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
