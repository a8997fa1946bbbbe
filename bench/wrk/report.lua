-- What every script shares: the fixed part of a request, and the one line of JSON that the bench reads.
local report = {}

function report.headers()
   local token = os.getenv("BENCH_TOKEN") or ""
   local headers = "Host: 127.0.0.1\r\nAccept: application/json\r\n"
   if token ~= "" then headers = headers .. "Authorization: Bearer " .. token .. "\r\n" end
   return headers
end

function report.get(path, headers)
   return "GET " .. path .. " HTTP/1.1\r\n" .. headers .. "\r\n"
end

function done(summary, latency, _)
   local e = summary.errors
   print(string.format(
      '\n{"requests":%d,"seconds":%.6f,"p99_us":%d,' ..
      '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}',
      summary.requests, summary.duration / 1e6, latency:percentile(99),
      e.connect, e.read, e.write, e.timeout, e.status))
end

return report
