-- GET of one path, with what further header fields it is told. Arguments: path, fields ("Name: value", any number).
package.path = os.getenv("BENCH_WRK") .. "/?.lua;" .. package.path
local report = require("report")
local sent

function init(args)
   local headers = report.headers()
   for i = 2, #args do headers = headers .. args[i] .. "\r\n" end
   sent = report.get(args[1], headers)
end

function request()
   return sent
end
