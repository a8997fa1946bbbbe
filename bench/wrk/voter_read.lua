-- GET /api/v1/voters/{id}, ids drawn evenly. Arguments: lowest id, highest id, seed.
package.path = os.getenv("BENCH_WRK") .. "/?.lua;" .. package.path
local report = require("report")
local low, high, headers

function init(args)
   low, high = tonumber(args[1]), tonumber(args[2])
   math.randomseed(tonumber(args[3]))
   headers = report.headers()
end

function request()
   return report.get(string.format("/api/v1/voters/%d", math.random(low, high)), headers)
end
