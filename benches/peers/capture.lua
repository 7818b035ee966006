-- One event a request from many clients: wrk -t1 -c64 -d15s -s benches/peers/capture.lua URL/epcis/events
-- SHIAN_TOKEN holds the token. Every event is new; answers other than 201 are counted as errors by wrk.
local token = os.getenv("SHIAN_TOKEN")
local start, n = os.time() * 1000000, 0
local function check(body)
  local sum, weight = 0, 3
  for i = #body, 1, -1 do
    sum, weight = sum + tonumber(body:sub(i, i)) * weight, 4 - weight
  end
  return body .. tostring(-sum % 10)
end
local places = {}
for i = 0, 399 do places[i] = "https://id.gs1.org/414/" .. check(string.format("6980000%05d", i)) end
local class = "https://id.gs1.org/01/" .. check("0698000000001") .. "/10/W"
local body = [[{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"ObjectEvent",
"eventTime":"2026-05-%02dT%02d:%02d:%02d.%03d+08:00","eventTimeZoneOffset":"+08:00","action":"OBSERVE","bizStep":"shipping",
"quantityList":[{"epcClass":"%s%d","quantity":%d,"uom":"KGM"}],"readPoint":{"id":"%s"},"bizLocation":{"id":"%s"},
"destinationList":[{"type":"location","destination":"%s"}]}]]
request = function()
  n = n + 1
  local from, to = places[n % 400], places[(n * 7) % 400]
  local text = body:format(1 + n % 28, n % 24, n % 60, math.floor(n / 60) % 60, n % 1000, class, start + n, 1 + n % 900, from, from, to)
  return wrk.format("POST", nil, { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }, text)
end
