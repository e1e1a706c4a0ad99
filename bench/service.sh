#!/usr/bin/env bash
# Measures the service beside an Express service that does the same (peers/express), both on one DynamoDB Local:
# CPU time of the server process per request at saturation, peak memory, and how soon the service is ready.
# Ends with status 1 when a figure misses its bound.
#
#   bench/service.sh [--only NAME,...] [--rounds N] [--seconds N] [--warm-up N]      names: service, express-v3, express-v2
#   SERVICE=FILE names another binary than target/release/service
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names=(service express-v3 express-v2)
rounds=3 seconds=10 warm_up=3
connections=50
ready_starts=5

# The bounds. The ratio is to the peer on today's SDK (v3); the retired one (v2), which needs less, is shown beside it.
judged_peer="express-v3"
least_ratio=6 target_ratio=8
most_rss_kb=39062 # 40 MB
most_ready_ms=100

while (($#)); do
    case $1 in
        --only) IFS=, read -ra names <<<"${2:?--only needs names}" ;;
        --rounds) rounds=${2:?--rounds needs a number} ;;
        --seconds) seconds=${2:?--seconds needs a number} ;;
        --warm-up) warm_up=${2:?--warm-up needs a number} ;;
        *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
    esac
    shift 2
done

if [[ ! -r /proc/self/stat ]]; then
    echo "This benchmark reads CPU times from /proc, which only Linux has." >&2
    exit 1
fi
tools/packages wrk java node npm curl
service=${SERVICE:-${CARGO_TARGET_DIR:-target}/release/service}
if [[ ! -x $service ]]; then
    echo "$service is not there: build it with make build." >&2
    exit 1
fi
dynamodb_home=$(tools/dynamodb-local/home)
express=bench/peers/express
if [[ ! $express/node_modules/.package-lock.json -nt $express/package-lock.json ]]; then
    npm ci --prefix "$express" >&2
fi

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

# load NAME METHOD SECONDS: prints requests and microseconds; fails when any answer is an error.
load() {
    local counts requests micros bad broken
    counts=$(METHOD=$2 wrk -t1 -c"$connections" -d"$3s" --timeout 10s -s bench/service.lua \
        "http://127.0.0.1:${port[$1]}/items/1" | tail -n 1)
    read -r requests micros bad broken <<<"$counts"
    ((bad == 0)) || fail "$1 answered $bad of $requests $2 requests with an error:" "$1"
    ((broken == 0)) || fail "$1 broke or did not answer $broken of $requests $2 requests:" "$1"
    ((requests > 0)) || fail "$1 answered no $2 request:" "$1"
    echo "$requests $micros"
}

# measure NAME METHOD: appends CPU µs per request and requests per second to the results.
measure() {
    local before after requests micros
    load "$1" "$2" "$warm_up" >/dev/null
    before=$(cpu_ticks "${pid[$1]}")
    read -r requests micros < <(load "$1" "$2" "$seconds")
    after=$(cpu_ticks "${pid[$1]}")
    awk -v ticks=$((after - before)) -v hz="$ticks_per_second" -v n="$requests" -v us="$micros" \
        'BEGIN { printf "%.1f %.0f\n", ticks / hz * 1e6 / n, n / us * 1e6 }' | tee -a "$work/$1.$2" |
        awk -v name="$1" -v method="$2" '{ printf "  %-11s %s  %6.1f µs  %6d requests/s\n", name, method, $1, $2 }' >&2
}

# median FILE COLUMN
median() {
    sort -n -k"$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Milliseconds from exec to the first 200 on /readyz, on an empty embedded store. No process is started while it
# waits: that alone would take longer than what is measured.
time_to_ready() {
    local begun line
    port[ready]=$(free_port)
    begun=${EPOCHREALTIME/./}
    start ready env STORE=embedded "$service" --data-dir "$work/data-$1" --listen "127.0.0.1:${port[ready]}"
    while :; do
        if { exec 3<>"/dev/tcp/127.0.0.1/${port[ready]}"; } 2>/dev/null; then
            printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
            read -r line <&3 || line=
            exec 3>&-
            [[ $line == 'HTTP/1.1 200'* ]] && break
        fi
        ((${EPOCHREALTIME/./} - begun < 30000000)) || fail "the service was not ready within 30 s:" ready
        kill -0 "${pid[ready]}" 2>/dev/null || fail "the service ended before it was ready:" ready
        read -r -t 0.001 _ <>"$work/never" || true
    done
    awk -v us=$((${EPOCHREALTIME/./} - begun)) 'BEGIN { printf "%.1f\n", us / 1000 }' >>"$work/ready"
    kill "${pid[ready]}"
    wait "${pid[ready]}" || true
    unset 'pid[ready]'
}

# Servers, all on one table
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench
port[dynamodb]=$(free_port)
export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:${port[dynamodb]}
# It leaves a file in the folder it is started in.
start dynamodb env -C "$work" java -Djava.library.path="$dynamodb_home/lib" -cp "$dynamodb_home/lib/*" \
    com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -sharedDb -disableTelemetry -port "${port[dynamodb]}"
wait_for dynamodb

for name in service "${names[@]}"; do
    [[ -n ${pid[$name]:-} ]] && continue
    port[$name]=$(free_port)
    case $name in
        service) start service "$service" --store dynamodb --table items --create-table --listen "127.0.0.1:${port[service]}" ;;
        express-v2 | express-v3) start "$name" env NODE_ENV=production PORT="${port[$name]}" TABLE_NAME=items \
            AWS_SDK="${name#express-}" node "$express/server.js" ;;
        *) fail "no server is named $name: service, express-v3, express-v2" ;;
    esac
    wait_for "$name"
done

json=(-H 'Content-Type: application/json')
status=$(status_of "${json[@]}" -d '{"id":"1","name":"First"}' "http://127.0.0.1:${port[service]}/items")
[[ $status == 201 ]] || fail "creating item 1 was answered with $status:" service
for name in "${names[@]}"; do
    item=http://127.0.0.1:${port[$name]}/items
    [[ $(status_of "$item/1") == 200 && $(status_of -X PUT "${json[@]}" -d '{"name":"First"}' "$item/1") == 200 &&
        $(status_of "$item/2") == 404 && $(status_of -X PUT "${json[@]}" -d '{"name":"First"}' "$item/2") == 404 ]] ||
        fail "$name does not answer as it should:" "$name"
done

# Figures
read -r busy _ </proc/loadavg
awk -v busy="$busy" 'BEGIN { exit !(busy > 1) }' &&
    echo "Load average $busy: something else is using the processors, and figures will be worse than they are." >&2
echo "Warming up: the peers and DynamoDB Local compile their hot paths while they run." >&2
for method in GET PUT; do
    for name in "${names[@]}"; do
        load "$name" "$method" "$seconds" >/dev/null
    done
done
echo "$rounds rounds of $seconds s each, $connections connections, DynamoDB Local on the same cores:" >&2
for ((round = 1; round <= rounds; round++)); do
    for method in GET PUT; do
        for name in "${names[@]}"; do
            measure "$name" "$method"
        done
    done
done

declare -A rss cpu
printf '\n%-12s %14s %10s %14s %10s %10s\n' server 'GET µs CPU' 'GET/s' 'PUT µs CPU' 'PUT/s' 'peak MB'
for name in "${names[@]}"; do
    rss[$name]=$(awk '/^VmHWM:/ { print $2 }' "/proc/${pid[$name]}/status")
    for method in GET PUT; do
        cpu[$name.$method]=$(median "$work/$name.$method" 1)
    done
    printf '%-12s %13.1f %10.0f %13.1f %10.0f %10.1f\n' "$name" "${cpu[$name.GET]}" "$(median "$work/$name.GET" 2)" \
        "${cpu[$name.PUT]}" "$(median "$work/$name.PUT" 2)" "$(awk -v kb="${rss[$name]}" 'BEGIN { print kb * 1024 / 1e6 }')"
done

# check WHAT FIGURE RELATION BOUND: one line, and remembers a bound that was missed.
missed=0
check() {
    local verdict=ok
    awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }" || { verdict=MISSED missed=1; }
    printf '%-58s %8.1f  %s %s%s  %s\n' "$1" "$2" "$3" "$4" "${5:-}" "$verdict"
}

[[ " ${names[*]} " == *' service '* ]] || exit 0
echo
for method in GET PUT; do
    for name in "${names[@]}"; do
        [[ $name == service ]] && continue
        ratio=$(awk -v a="${cpu[$name.$method]}" -v b="${cpu[service.$method]}" 'BEGIN { print a / b }')
        if [[ $name == "$judged_peer" ]]; then
            check "$method: CPU per request, $name / service" "$ratio" '>=' "$least_ratio" " (target $target_ratio)"
        else
            printf '%-58s %8.1f\n' "$method: CPU per request, $name / service" "$ratio"
        fi
    done
done
check 'Peak memory of the service, kB' "${rss[service]}" '<' "$most_rss_kb"
for ((i = 1; i <= ready_starts; i++)); do
    time_to_ready "$i"
done
check "Ready on a new embedded store, ms (median of $ready_starts starts)" "$(median "$work/ready" 1)" '<=' "$most_ready_ms"
exit "$missed"
