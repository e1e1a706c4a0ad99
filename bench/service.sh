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

# shellcheck source=harness.sh
source bench/harness.sh
tools/packages npm
express=bench/peers/express
if [[ ! $express/node_modules/.package-lock.json -nt $express/package-lock.json ]]; then
    npm ci --prefix "$express" >&2
fi

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

start_dynamodb
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

create_item service
for name in "${names[@]}"; do
    item=http://127.0.0.1:${port[$name]}/items
    [[ $(status_of "$item/1") == 200 && $(status_of -X PUT "${json[@]}" -d '{"name":"First"}' "$item/1") == 200 &&
        $(status_of "$item/2") == 404 && $(status_of -X PUT "${json[@]}" -d '{"name":"First"}' "$item/2") == 404 ]] ||
        fail "$name does not answer as it should:" "$name"
done

# Figures
warn_if_busy
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
