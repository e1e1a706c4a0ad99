#!/usr/bin/env bash
# What loadgen promises beside CPU per request: a schedule that is kept, latencies that are true when the server stalls,
# memory, an InfluxDB that does not disturb the load, and the scenario of items. On loopback, against nginx with one
# worker, the service on its embedded store, and the InfluxDB that the tests use. Prints each figure with its bound and
# ends with status 1 when one is missed.
#
#   bench/loadgen-figures.sh [--seconds N] [--soak N] [--rounds N]
#       --seconds  how long each run takes (10)
#       --soak     how long memory at 100 virtual users is watched (600)
#       --rounds   turns of what is compared (6)
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=10 soak=600 rounds=6
while (($#)); do
    case $1 in
        --seconds) seconds=${2:?--seconds needs a number} ;;
        --soak) soak=${2:?--soak needs a number} ;;
        --rounds) rounds=${2:?--rounds needs a number} ;;
        *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
    esac
    shift 2
done

# What the harness wants to know of the other benchmarks.
# shellcheck disable=SC2034
warm_up=1 connections=50
# shellcheck source=bench/harness.sh
source bench/harness.sh
tools/packages nginx wrk curl node
loadgen=${LOADGEN:-${CARGO_TARGET_DIR:-target}/release/loadgen}
[[ -x $loadgen ]] || fail "$loadgen is not there: build it with make build."
warn_if_busy
ulimit -n "$(ulimit -Hn)"

start_nginx() {
    mkdir "$work/www"
    chmod 755 "$work" "$work/www"
    printf '{"id":"1","name":"abcdefg"}' >"$work/www/index.html"
    port[nginx]=$(free_port)
    cat >"$work/nginx.conf" <<CONF
worker_processes 1;
worker_rlimit_nofile 30000;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 25000; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server { listen 127.0.0.1:${port[nginx]} backlog=20000; location / { root $work/www; } }
}
CONF
    start nginx nginx -e "$work/error.log" -c "$work/nginx.conf"
    wait_for nginx
}

# run_loadgen ARGUMENTS...: leaves the summary in $work/summary.json and the peak of its memory in kB in $work/usage.
run_loadgen() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    node -e '
        const { spawn } = require("child_process"), fs = require("fs");
        const [work, program, ...rest] = process.argv.slice(1);
        const child = spawn(program, rest, { stdio: ["ignore", "ignore", fs.openSync(work + "/loadgen.log", "w")] });
        let peak = 0;
        const watch = setInterval(() => {
            try { peak = Number(/VmHWM:\s*(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]); } catch {}
        }, 100);
        child.on("exit", (code) => {
            clearInterval(watch);
            fs.writeFileSync(work + "/usage", String(peak));
            process.exit(code ?? 1);
        });
    ' "$work" "$loadgen" run "$@" --quiet --summary-json "$work/summary.json" ||
        fail "loadgen run $* failed:" loadgen
}

figure() { # EXPRESSION over the summary `s`
    node -p "const s = JSON.parse(require('fs').readFileSync('$work/summary.json')); $1"
}

start_nginx
url=http://127.0.0.1:${port[nginx]}/

echo "A schedule of 10 000 requests a second" >&2
run_loadgen "$url" --rate 10000/s --duration "${seconds}s" --warmup 1s
check "achieved rate, % away from 10 000/s" "$(figure "Math.abs(s.requests / (10000 * $seconds) - 1) * 100")" '<=' 0.1 %
check "scheduling lag, p99, ms" "$(figure s.generator.lag_ms_p99)" '<' 1 ms

echo "A server that stalls for a second" >&2
stall() {
    sleep 4
    local worker
    worker=$(pgrep -P "${pid[nginx]}")
    date +%s.%N >"$work/stopped"
    kill -STOP "$worker"
    sleep 1
    kill -CONT "$worker"
    date +%s.%N >"$work/continued"
}
stall &
staller=$!
run_loadgen "$url" --rate 1000/s --duration 10s --max-vus 50
wait "$staller"
length=$(awk 'NR == FNR { from = $1; next } { print ($1 - from) * 1000 }' "$work/stopped" "$work/continued")
# Requests due in a stall of D ms wait for D to 0 ms, evenly: the quantile q of a run of T ms, of which D were stalled, is
# D - (1 - q) T.
for percentile in 95 99; do
    truth=$(awk -v d="$length" -v q="$percentile" 'BEGIN { print d - (1 - q / 100) * 10000 }')
    check "stall of 1 s: p$percentile, % away from ${truth%.*} ms" \
        "$(figure "Math.abs(s.latency_ms.p$percentile / $truth - 1) * 100")" '<=' 2 %
done
check "stall of 1 s: dropped" "$(figure s.dropped)" '==' 0

echo "10 000 virtual users" >&2
run_loadgen "$url" --vus 10000 --duration "${seconds}s" --timeout 60s
check "memory at 10 000 virtual users, MB" "$(awk '{ print $1 / 1024 }' "$work/usage")" '<' 150 MB
check "failed requests at 10 000 virtual users" "$(figure s.failed)" '==' 0

echo "The scenario of items beside one item, $rounds rounds of $seconds s" >&2
port[service]=$(free_port)
start service env RUST_LOG=error "$service" --listen "127.0.0.1:${port[service]}" --data-dir :memory:
wait_for service
cpu_of() { # COMMAND...: CPU seconds
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>"$work/cpu.log"; } 2>"$work/cpu" || fail "failed: $*" cpu
    awk '{ print $1 + $2 }' "$work/cpu"
}
create_item service
# cpu_per_request NAME ARGUMENTS...: microseconds, into $work/NAME
cpu_per_request() {
    local name=$1 cpu
    shift
    cpu=$(cpu_of "$loadgen" run "$@" --vus 50 --duration "${seconds}s" --quiet --summary-json "$work/summary.json")
    awk -v cpu="$cpu" -v n="$(figure s.requests)" 'BEGIN { print cpu / n * 1e6 }' >>"$work/$name"
}
for ((round = 1; round <= rounds; round++)); do
    cpu_per_request plain "http://127.0.0.1:${port[service]}/items/1"
    cpu_per_request items "http://127.0.0.1:${port[service]}" --scenario items
done
printf 'CPU per request to the service: one item %.1f µs, the scenario %.1f µs\n' "$(median "$work/plain" 1)" "$(median "$work/items" 1)"
paste "$work/items" "$work/plain" | awk '{ print $1 / $2 }' >"$work/ratios"
check "CPU per request of items, times that of a plain GET" "$(median "$work/ratios" 1)" '<=' 1.5
kill "${pid[service]}"
wait "${pid[service]}" || true
unset "pid[service]"

echo "With and without InfluxDB, $rounds rounds of $seconds s" >&2
influxd=$(tools/influxd/home)/influxd
port[influxd]=$(free_port)
start influxd "$influxd" --bolt-path "$work/influxd.bolt" --engine-path "$work/engine" --sqlite-path "$work/influxd.sqlite" \
    --http-bind-address "127.0.0.1:${port[influxd]}" --reporting-disabled --log-level error
wait_for influxd
token=$(node -p 'require("crypto").randomBytes(32).toString("hex")')
curl -sf -o /dev/null "http://127.0.0.1:${port[influxd]}/api/v2/setup" -d "{\"username\":\"bench\",\"password\":\"$token\",
    \"token\":\"$token\",\"org\":\"marketboro\",\"bucket\":\"loadgen\"}" || fail "InfluxDB was not set up:" influxd
without_influxdb() {
    run_loadgen "$url" --vus 50 --duration "${seconds}s"
    figure s.rate >>"$work/off"
}
with_influxdb() {
    INFLUX_TOKEN=$token run_loadgen "$url" --vus 50 --duration "${seconds}s" \
        --influx-url "http://127.0.0.1:${port[influxd]}" --influx-spool "$work/spool"
    figure s.rate >>"$work/on"
}
# A machine that grows slower during a pair must not always hit the same one.
for ((round = 1; round <= rounds; round++)); do
    if ((round % 2)); then without_influxdb; with_influxdb; else with_influxdb; without_influxdb; fi
done
paste "$work/on" "$work/off" | awk '{ print $1 / $2 * 100 }' >"$work/shares"
check "throughput with InfluxDB, % of without" "$(median "$work/shares" 1)" '>=' 98 %

if ((soak > 0)); then
    echo "100 virtual users for $soak s" >&2
    run_loadgen "$url" --vus 100 --duration "${soak}s"
    check "memory at 100 virtual users after $soak s, MB" "$(awk '{ print $1 / 1024 }' "$work/usage")" '<' 20 MB
fi
exit "$missed"
