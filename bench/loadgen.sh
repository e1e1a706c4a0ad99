#!/usr/bin/env bash
# CPU time per request and memory of loadgen beside wrk (and oha and k6, if they are installed): plain GET against
# nginx with one worker on loopback, 27 bytes of body, 50 connections. The tools take turns, so that whatever else the
# machine does hits all of them. Fails if loadgen's median CPU per request is above 0.9 of
# wrk's or 0.7 of oha's, or its memory above 20 MB; k6 is for comparison.
#
#   bench/loadgen.sh [--rounds N] [--seconds N]
#   LOADGEN=FILE names another binary than target/release/loadgen
set -euo pipefail

rounds=5 seconds=8
while (($#)); do
    case $1 in
        --rounds) rounds=${2:?--rounds needs a number} ;;
        --seconds) seconds=${2:?--seconds needs a number} ;;
        *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
    esac
    shift 2
done
connections=50
most_memory_kb=$((20 * 1024))
root=$(cd "$(dirname "$0")/.." && pwd)
loadgen=${LOADGEN:-${CARGO_TARGET_DIR:-$root/target}/release/loadgen}

missing=0
need() { # COMMAND HOW-TO-GET-IT
    command -v "$1" >/dev/null || { echo "missing: $1 ($2)" >&2; missing=1; }
}
need nginx "Debian package nginx-light"
need wrk "Debian package wrk"
need "$loadgen" "cargo build --release -p loadgen"
[ "$missing" = 0 ] || exit 1
tools=(wrk loadgen)
for tool in oha k6; do
    if command -v "$tool" >/dev/null; then tools+=("$tool"); else echo "not installed, left out: $tool" >&2; fi
done

work=$(mktemp -d)
nginx_pid=
# shellcheck disable=SC2317  # called by the trap
cleanup() {
    if [ -n "$nginx_pid" ]; then
        kill "$nginx_pid" 2>/dev/null || true
        wait "$nginx_pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mkdir "$work/www"
chmod 755 "$work" "$work/www"
printf '{"id":"1","name":"abcdefg"}' >"$work/www/index.html"

start_nginx() { # PORT
    cat >"$work/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server { listen 127.0.0.1:$1; location / { root $work/www; } }
}
CONF
    nginx -e "$work/error.log" -c "$work/nginx.conf" 2>/dev/null &
    nginx_pid=$!
    for _ in {1..50}; do
        kill -0 "$nginx_pid" 2>/dev/null || return 1
        # A port that somebody else holds answers, too, but then nginx ends.
        if [ -s "$work/nginx.pid" ] && (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

port=
for _ in {1..10}; do
    candidate=$((20000 + RANDOM % 20000))
    if start_nginx "$candidate"; then port=$candidate; break; fi
    kill "$nginx_pid" 2>/dev/null || true
done
[ -n "$port" ] || { echo "nginx does not start: $(tail -n 3 "$work/error.log")" >&2; exit 1; }
url=http://127.0.0.1:$port/

# Runs a command; leaves its CPU seconds in $work/cpu and, per second, its resident kilobytes in $work/rss.
measure() {
    local pid
    rm -f "$work/pid" "$work/rss"
    # shellcheck disable=SC2016  # expanded by the inner shell, which becomes the command
    (
        TIMEFORMAT='%U %S'
        { time bash -c 'echo $$ >"$0/pid"; exec "$@"' "$work" "$@" >"$work/out" 2>"$work/err"; } 2>"$work/cpu"
    ) &
    local timed=$!
    until [ -s "$work/pid" ]; do sleep 0.05; done
    pid=$(<"$work/pid")
    while kill -0 "$pid" 2>/dev/null; do
        awk '/^VmRSS/ {rss = $2} /^VmHWM/ {peak = $2} END {if (rss) print rss, peak}' "/proc/$pid/status" >>"$work/rss" 2>/dev/null || true
        sleep 0.5
    done
    [ -s "$work/rss" ] || { echo "no memory figures of: $*" >&2; exit 1; }
    wait "$timed" || { echo "failed: $* ($(tail -n 3 "$work/err"))" >&2; exit 1; }
}

run_tool() { # TOOL; prints requests
    case $1 in
        wrk)
            measure wrk -t2 -c"$connections" -d"${seconds}s" "$url"
            awk '/requests in/ {print $1}' "$work/out"
            ;;
        loadgen)
            measure "$loadgen" run "$url" --vus "$connections" --duration "${seconds}s" --quiet --summary-json "$work/summary.json"
            sed -n 's/^  "requests": \([0-9]*\),$/\1/p' "$work/summary.json"
            ;;
        oha)
            measure oha --no-tui --output-format json -c "$connections" -z "${seconds}s" "$url"
            tr -d ' \n' <"$work/out" | sed -n 's/.*"statusCodeDistribution":{"200":\([0-9]*\).*/\1/p'
            ;;
        k6)
            printf 'import http from "k6/http"; export default () => { http.get("%s") }\n' "$url" >"$work/k6.js"
            measure k6 run --no-usage-report --vus "$connections" --duration "${seconds}s" "$work/k6.js"
            sed -n 's/.*http_reqs[.]*: *\([0-9]*\) .*/\1/p' "$work/out"
            ;;
    esac
}

for ((round = 1; round <= rounds; round++)); do
    for tool in "${tools[@]}"; do
        echo "round $round of $rounds: $tool" >&2
        run_tool "$tool" >"$work/requests"
        requests=$(<"$work/requests")
        [ "${requests:-0}" -gt 0 ] || { echo "$tool did no requests: $(tail -n 3 "$work/err")" >&2; exit 1; }
        # CPU per request in µs, requests per second, peak memory, and growth from a third of the run to its end.
        awk -v requests="$requests" -v seconds="$seconds" '
            NR == FNR { cpu = $1 + $2; next }
            { rss[++n] = $1; peak = $2 }
            END { third = int((n + 2) / 3); print cpu / requests * 1e6, requests / seconds, peak, rss[n] - rss[third] }
        ' "$work/cpu" "$work/rss" >>"$work/$tool.figures"
    done
done

median() { # TOOL COLUMN
    sort -g -k"$2,$2" "$work/$1.figures" | awk -v column="$2" '
        { value[NR] = $column }
        END { print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}
most() { # TOOL COLUMN
    sort -g -k"$2,$2" "$work/$1.figures" | awk -v column="$2" 'END { print $column }'
}

printf '%-8s %16s %12s %10s %12s\n' tool "CPU/request µs" "requests/s" "peak MB" "growth kB"
for tool in "${tools[@]}"; do
    LC_ALL=C printf '%-8s %15.2f %12.0f %10.1f %12.0f\n' "$tool" "$(median "$tool" 1)" "$(median "$tool" 2)" \
        "$(awk -v kb="$(most "$tool" 3)" 'BEGIN { print kb / 1024 }')" "$(median "$tool" 4)"
done

verdict=0
# most_of TOOL SHARE: loadgen may take so much of the tool's CPU per request.
most_of() {
    [ -s "$work/$1.figures" ] || return 0
    local share
    share=$(awk -v ours="$(median loadgen 1)" -v theirs="$(median "$1" 1)" 'BEGIN { printf "%.3f", ours / theirs }')
    echo "loadgen takes $share of what $1 takes per request; the bound is $2"
    if awk -v share="$share" -v bound="$2" 'BEGIN { exit !(share > bound) }'; then
        echo "MISSED" >&2
        verdict=1
    fi
}
most_of wrk 0.9
most_of oha 0.7
most_of k6 1
if [ "$(most loadgen 3)" -gt "$most_memory_kb" ]; then
    echo "loadgen takes more than 20 MB" >&2
    verdict=1
fi
exit "$verdict"
