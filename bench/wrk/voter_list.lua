-- GET /api/v1/voters, 50 rows of a page drawn from 1 to the last. Arguments: last page, seed, more query.
package.path = os.getenv("BENCH_WRK") .. "/?.lua;" .. package.path
local report = require("report")
local last, query, headers

function init(args)
   last, query = tonumber(args[1]), args[3] or ""
   math.randomseed(tonumber(args[2]))
   headers = report.headers()
end

function request()
   return report.get(string.format("/api/v1/voters?page=%d&per_page=50%s", math.random(1, last), query), headers)
end
