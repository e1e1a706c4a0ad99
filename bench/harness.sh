# shellcheck shell=bash
# Sourced by the benchmarks of the service: servers on free ports, load on them, the CPU time they take, and bounds.
# Expects rounds, seconds, warm_up and connections to be set, and the repository's root as working directory.

if [[ ! -r /proc/self/stat ]]; then
    echo "This benchmark reads CPU times from /proc, which only Linux has." >&2
    exit 1
fi
tools/packages wrk java node curl
service=${SERVICE:-${CARGO_TARGET_DIR:-target}/release/service}
if [[ ! -x $service ]]; then
    echo "$service is not there: build it with make build." >&2
    exit 1
fi
dynamodb_home=$(tools/dynamodb-local/home)

work=$(mktemp -d)
mkfifo "$work/never" # what is read to wait without starting a process
declare -A pid port
# shellcheck disable=SC2317 # called by the trap
stop_all() {
    for name in "${!pid[@]}"; do
        kill "${pid[$name]}" 2>/dev/null || true
    done
    wait
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

fail() {
    echo "bench: $1" >&2
    [[ -n ${2:-} ]] && tail -n 5 "$work/$2.log" >&2
    exit 1
}

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# start NAME COMMAND...: in the background, its output kept for the case that it fails.
start() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 </dev/null &
    pid[$name]=$!
}

# Waits until a server answers an HTTP request, whatever it answers.
wait_for() {
    local name=$1 deadline=$((SECONDS + 60))
    until curl -s -o /dev/null --max-time 2 "http://127.0.0.1:${port[$name]}/"; do
        kill -0 "${pid[$name]}" 2>/dev/null || fail "$name ended before it answered:" "$name"
        ((SECONDS < deadline)) || fail "$name did not answer within 60 s:" "$name"
        sleep 0.1
    done
}

status_of() {
    curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$@"
}

# CPU time of a process and all its threads, in clock ticks.
cpu_ticks() {
    local stat fields
    stat=$(<"/proc/$1/stat")
    read -ra fields <<<"${stat##*) }"
    echo $((fields[11] + fields[12]))
}

ticks_per_second=$(getconf CLK_TCK)

# load NAME METHOD SECONDS: prints requests, microseconds and the 99th percentile of latency in microseconds; fails when
# any answer is an error.
load() {
    local counts requests micros bad broken p99
    counts=$(METHOD=$2 wrk -t1 -c"${connections:?}" -d"$3s" --timeout 10s -s bench/service.lua \
        "http://127.0.0.1:${port[$1]}/items/1" | tail -n 1)
    read -r requests micros bad broken p99 <<<"$counts"
    ((bad == 0)) || fail "$1 answered $bad of $requests $2 requests with an error:" "$1"
    ((broken == 0)) || fail "$1 broke or did not answer $broken of $requests $2 requests:" "$1"
    ((requests > 0)) || fail "$1 answered no $2 request:" "$1"
    echo "$requests $micros $p99"
}

# measure NAME METHOD: appends CPU µs per request, requests per second and the p99 in ms to the results.
measure() {
    local before after requests micros p99
    load "$1" "$2" "${warm_up:?}" >/dev/null
    before=$(cpu_ticks "${pid[$1]}")
    read -r requests micros p99 < <(load "$1" "$2" "${seconds:?}")
    after=$(cpu_ticks "${pid[$1]}")
    awk -v ticks=$((after - before)) -v hz="$ticks_per_second" -v n="$requests" -v us="$micros" -v p99="$p99" \
        'BEGIN { printf "%.1f %.0f %.1f\n", ticks / hz * 1e6 / n, n / us * 1e6, p99 / 1000 }' | tee -a "$work/$1.$2" |
        awk -v name="$1" -v method="$2" '{ printf "  %-11s %s  %6.1f µs  %6d requests/s  p99 %5.1f ms\n", name, method, $1, $2, $3 }' >&2
}

# median FILE COLUMN
median() {
    sort -n -k"$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# start_dynamodb: DynamoDB Local, and what an SDK needs to find it.
start_dynamodb() {
    export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench
    port[dynamodb]=$(free_port)
    export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:${port[dynamodb]}
    # It leaves a file in the folder it is started in.
    start dynamodb env -C "$work" java -Djava.library.path="$dynamodb_home/lib" -cp "$dynamodb_home/lib/*" \
        com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -sharedDb -disableTelemetry -port "${port[dynamodb]}"
    wait_for dynamodb
}

json=(-H 'Content-Type: application/json')

# create_item NAME: item 1, through this service.
create_item() {
    local status
    status=$(status_of "${json[@]}" -d '{"id":"1","name":"First"}' "http://127.0.0.1:${port[$1]}/items")
    [[ $status == 201 ]] || fail "creating item 1 was answered with $status:" "$1"
}

# Says so when the figures will be worse than they are.
warn_if_busy() {
    local busy
    read -r busy _ </proc/loadavg
    awk -v busy="$busy" 'BEGIN { exit !(busy > 1) }' &&
        echo "Load average $busy: something else is using the processors, and figures will be worse than they are." >&2
    true
}

# check WHAT FIGURE RELATION BOUND: one line, and remembers a bound that was missed.
missed=0
check() {
    local verdict=ok
    # shellcheck disable=SC2034 # the benchmarks end with it
    awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }" || { verdict=MISSED missed=1; }
    printf '%-58s %8.1f  %s %s%s  %s\n' "$1" "$2" "$3" "$4" "${5:-}" "$verdict"
}
