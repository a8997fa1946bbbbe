-- POST /api/contact, a fresh person and a fresh Idempotency-Key each time. Argument: 8 digits that no earlier run used.
package.path = os.getenv("BENCH_WRK") .. "/?.lua;" .. package.path
local report = require("report")
local run, count, headers = "", 0, ""

function init(args)
   run = args[1]
   headers = report.headers()
end

function request()
   count = count + 1
   local marker = string.format("%s%07d", run, count)
   local body = '{"name":"Pat Example","email":"pat.' .. marker .. '@example.com","company":"Example Works",' ..
      '"message":"We would like to hear more about your work, and what it would cost us for a year."}'
   return "POST /api/contact HTTP/1.1\r\n" .. headers .. "Content-Type: application/json\r\nIdempotency-Key: bench-" ..
      marker .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
