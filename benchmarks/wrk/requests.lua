-- wrk -s requests.lua URL -- PAUSE METHOD BODY PATH...
-- Sends the paths in turn, with a random pause before each of at most so many milliseconds. Ends with one line that a
-- program can read; its times are in microseconds.

local ready, turn = {}, 0

function init(args)
    local pause, method, body = tonumber(args[1]), args[2], args[3]
    for i = 4, #args do
        ready[#ready + 1] = wrk.format(method, args[i], nil, body ~= "" and body or nil)
    end
    if pause > 0 then
        function delay()
            return math.random(0, pause)
        end
    end
end

function request()
    turn = turn % #ready + 1
    return ready[turn]
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format(
        'RESULT {"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50":%d,"p99":%d}',
        summary.requests, summary.duration / 1e6, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
