# shellcheck shell=bash
# Sourced by the scripts beside it, after report.sh: what the load test is to be, checked, since people type it.
#
# MODE        run (a load held for a time) or capacity (the highest rate at which the objectives hold)
# GENERATORS  tasks that share the load, 1 to 20; a search has one
# RATE        of all together, such as 900/s; a search begins with it
# DURATION    how long the load is held, or the search may take, such as 5m
# OBJECTIVES  thresholds or objectives, such as p(99)<250ms; error_rate<1%
# LOADGEN     the program
# TARGET      a path such as /items/1 to ask for; empty for the scenario items, which creates, reads, changes and deletes

# check_loadtest: also sets seconds, and objectives (a list).
check_loadtest() {
    need MODE GENERATORS RATE DURATION OBJECTIVES LOADGEN
    [[ $MODE == run || $MODE == capacity ]] || fail "The mode is \"$MODE\": give run or capacity."
    [[ $GENERATORS =~ ^([1-9]|1[0-9]|20)$ ]] || fail "Generators are \"$GENERATORS\": give 1 to 20."
    [[ $MODE == run ]] || ((GENERATORS == 1)) || fail "A search for the capacity has one generator, not $GENERATORS."
    [[ $RATE =~ ^[1-9][0-9]{0,5}/s$ ]] || fail "The rate is \"$RATE\": give requests a second, such as 900/s."
    [[ $DURATION =~ ^([1-9][0-9]{0,3})([smh])$ ]] || fail "The duration is \"$DURATION\": give a number and s, m or h, such as 5m."
    case ${BASH_REMATCH[2]} in
        s) seconds=${BASH_REMATCH[1]} ;;
        m) seconds=$((BASH_REMATCH[1] * 60)) ;;
        h) seconds=$((BASH_REMATCH[1] * 3600)) ;;
    esac
    # What the credentials of the job last for.
    ((seconds >= 15 && seconds <= 7200)) || fail "The duration is \"$DURATION\": give 15s to 2h; less shows nothing."
    [[ -z ${TARGET-} || $TARGET =~ ^/[A-Za-z0-9._~%/?=\&-]{0,500}$ ]] || fail "The target is \"$TARGET\": give a path such as /items/1."

    local objective
    objectives=()
    # shellcheck disable=SC2153 # what was typed, and the list of it
    while IFS= read -r objective; do
        objective=$(sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$objective")
        [[ -z $objective ]] || objectives+=("$objective")
    done <<<"${OBJECTIVES//;/$'\n'}"
    ((${#objectives[@]} >= 1 && ${#objectives[@]} <= 20)) ||
        fail "There are ${#objectives[@]} objectives: give 1 to 20, with ; between them, such as p(99)<250ms; error_rate<1%."

    # loadgen says 2 of a wrong one, before it looks for results, and 1 as there are none.
    local thresholds=() status=0
    for objective in "${objectives[@]}"; do
        thresholds+=("--threshold=$objective")
    done
    "$LOADGEN" merge /nowhere "${thresholds[@]}" >/dev/null 2>"${RUNNER_TEMP:-/tmp}/objectives" || status=$?
    ((status != 2)) || fail "An objective is not one that loadgen knows: $(head -n 1 "${RUNNER_TEMP:-/tmp}/objectives")"
}
