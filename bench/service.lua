-- For wrk: METHOD says what to send to the URL; the last line of the output holds the counts as numbers.
wrk.method = os.getenv("METHOD")
if wrk.method == "PUT" then
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = '{"name":"Updated K6"}'
end

function done(summary, latency)
    local errors = summary.errors
    local transport = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration, errors.status, transport,
        latency:percentile(99)))
end
