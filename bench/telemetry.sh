#!/usr/bin/env bash
# Measures what telemetry costs the service: CPU time per request with every trace exported, and with a tenth of them,
# beside the same service without telemetry; its latency with a collector that accepts and never answers; then its memory
# while the collector is away. The collector, InfluxDB and Jaeger are the real ones, on the same cores. Ends with status 1
# when a figure misses its bound.
#
#   bench/telemetry.sh [--rounds N] [--seconds N] [--warm-up N] [--away-seconds N]
#   SERVICE=FILE names another binary than target/release/service
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=9 seconds=6 warm_up=2 away_seconds=300
connections=50
names=(off all all-grpc tenth hung)

# The bounds, in percent of the CPU time per request without telemetry.
declare -A most_percent=([all]=10 [all-grpc]=10 [tenth]=4)
# What memory may differ by after the first minute without a collector: what an allocator keeps varies by some pages.
most_growth_kb=1024

while (($#)); do
    case $1 in
        --rounds) rounds=${2:?--rounds needs a number} ;;
        --seconds) seconds=${2:?--seconds needs a number} ;;
        --warm-up) warm_up=${2:?--warm-up needs a number} ;;
        --away-seconds) away_seconds=${2:?--away-seconds needs a number} ;;
        *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
    esac
    shift 2
done

# shellcheck source=harness.sh
source bench/harness.sh
otelcol=$(tools/otelcol/home)/otelcol
influxd=$(tools/influxd/home)/influxd
jaeger=$(tools/jaeger/home)/jaeger

start_dynamodb
for name in influxd jaeger-otlp jaeger-query jaeger-grpc jaeger-health otlp-grpc otlp-http health silence nobody; do
    port[$name]=$(free_port)
done

start influxd "$influxd" --bolt-path "$work/influxd.bolt" --engine-path "$work/engine" --sqlite-path "$work/influxd.sqlite" \
    --http-bind-address "127.0.0.1:${port[influxd]}" --reporting-disabled
wait_for influxd
curl -sf -o "$work/setup" "http://127.0.0.1:${port[influxd]}/api/v2/setup" -d "{\"username\":\"bench\",\"password\":\"$RANDOM$RANDOM$RANDOM\",
    \"org\":\"marketboro\",\"bucket\":\"telemetry\"}" || fail "InfluxDB cannot be set up:" influxd
node -p 'JSON.parse(require("fs").readFileSync(0)).auth.token' <"$work/setup" >"$work/token"

start jaeger env JAEGER_OTLP_ENDPOINT="127.0.0.1:${port[jaeger-otlp]}" JAEGER_DIRECTORY="$work/jaeger" \
    JAEGER_QUERY_ENDPOINT="127.0.0.1:${port[jaeger-query]}" JAEGER_QUERY_GRPC_ENDPOINT="127.0.0.1:${port[jaeger-grpc]}" \
    JAEGER_HEALTH_ENDPOINT="127.0.0.1:${port[jaeger-health]}" "$jaeger" --config monitor/jaeger.yaml
port[jaeger]=${port[jaeger-query]}
wait_for jaeger

start otelcol env OTLP_GRPC_ENDPOINT="127.0.0.1:${port[otlp-grpc]}" OTLP_HTTP_ENDPOINT="127.0.0.1:${port[otlp-http]}" \
    HEALTH_ENDPOINT="127.0.0.1:${port[health]}" INFLUXDB_URL="http://127.0.0.1:${port[influxd]}" \
    INFLUXDB_TOKEN_FILE="$work/token" JAEGER_OTLP_ENDPOINT="127.0.0.1:${port[jaeger-otlp]}" \
    QUEUE_DIRECTORY="$work/queue" "$otelcol" --config monitor/collector/config.yaml
port[otelcol]=${port[health]}
wait_for otelcol

# serve NAME VARIABLE...: a service on the table, with these variables.
serve() {
    local name=$1
    shift
    port[$name]=$(free_port)
    start "$name" env OTEL_METRIC_EXPORT_INTERVAL=10000 "$@" \
        "$service" --store dynamodb --table items --create-table --listen "127.0.0.1:${port[$name]}"
    wait_for "$name"
}
serve off
serve all OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:${port[otlp-http]}"
serve all-grpc OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:${port[otlp-grpc]}" OTEL_EXPORTER_OTLP_PROTOCOL=grpc
serve tenth OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:${port[otlp-http]}" \
    OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.1
start silence node -e 'require("net").createServer(() => {}).listen(process.argv[1], "127.0.0.1")' "${port[silence]}"
serve hung OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:${port[silence]}"
create_item off

# Figures
warn_if_busy
echo "Warming up: DynamoDB Local compiles its hot paths while it runs." >&2
for name in "${names[@]}"; do
    load "$name" GET "$seconds" >/dev/null
done
echo "$rounds rounds of $seconds s each, $connections connections, every server on the same cores:" >&2
for ((round = 1; round <= rounds; round++)); do
    for name in "${names[@]}"; do
        measure "$name" GET
    done
done

# more_than_off NAME: median over the rounds of how many percent more CPU time a request took than without telemetry
# in the same round, since the machine's speed drifts from round to round.
more_than_off() {
    paste -d ' ' "$work/$1.GET" "$work/off.GET" | awk '{ print 100 * ($1 / $4 - 1) }' >"$work/$1.percent"
    median "$work/$1.percent" 1
}

echo
printf '%-12s %14s %10s %10s %10s\n' telemetry 'GET µs CPU' 'GET/s' 'more, %' 'p99 ms'
for name in "${names[@]}"; do
    printf '%-12s %14.1f %10.0f %10.1f %10.1f\n' "$name" "$(median "$work/$name.GET" 1)" "$(median "$work/$name.GET" 2)" \
        "$(more_than_off "$name")" "$(median "$work/$name.GET" 3)"
done
echo
for name in all all-grpc tenth; do
    check "CPU per request, $name: percent more than off" "$(more_than_off "$name")" '<=' "${most_percent[$name]}"
    lost=$(grep -c 'telemetry is not delivered' "$work/$name.log" || true)
    check "Times $name could not deliver" "$lost" '==' 0
done

# Less than noise: within what the rounds without telemetry differ by.
slowest_off=$(sort -n -k3,3 "$work/off.GET" | tail -n 1 | cut -d ' ' -f 3)
check 'p99 with a collector that never answers, ms' "$(median "$work/hung.GET" 3)" '<=' "$slowest_off" ' (the slowest round of off)'

# Memory without a collector
if ((away_seconds > 60)); then
    serve away OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:${port[nobody]}"
    echo "Without a collector, at full load, for $away_seconds s:" >&2
    rss() { awk '/^VmRSS:/ { print $2 }' "/proc/${pid[away]}/status"; }
    load away GET 60 >/dev/null
    after_a_minute=$(rss)
    load away GET $((away_seconds - 60)) >/dev/null
    printf '  resident after a minute %d kB, at the end %d kB\n' "$after_a_minute" "$(rss)" >&2
    check 'Growth of memory after the first minute, kB' "$(($(rss) - after_a_minute))" '<=' "$most_growth_kb"
fi
exit "$missed"
