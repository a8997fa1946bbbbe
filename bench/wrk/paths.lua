-- GET one of the paths of a file, drawn evenly. Arguments: the file (a path each line), seed.
package.path = os.getenv("BENCH_WRK") .. "/?.lua;" .. package.path
local report = require("report")
local requests = {}

function init(args)
   local headers = report.headers()
   for path in io.lines(args[1]) do requests[#requests + 1] = report.get(path, headers) end
   math.randomseed(tonumber(args[2]))
end

function request()
   return requests[math.random(#requests)]
end
