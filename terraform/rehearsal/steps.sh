# Steps of a rehearsal, each with one line that says how it ended. To be sourced: $work is a folder for files.
# shellcheck shell=bash disable=SC2154 # set by who sources this

passed=0 failed=0 output=$work/output

# step TITLE COMMAND...: runs a command, and shows the end of what it said only if it fails. The next one runs all the
# same: "settle" ends the run.
step() {
    local title=$1 began=$SECONDS
    shift
    if "$@" </dev/null >"$output" 2>&1; then
        printf 'ok      %-58s %3d s\n' "$title" $((SECONDS - began))
        passed=$((passed + 1))
    else
        printf 'FAILED  %-58s %3d s\n' "$title" $((SECONDS - began))
        tail -n 150 "$output" | sed 's/^/        /'
        failed=$((failed + 1))
        return 1
    fi
}

# settle: later steps build on the earlier ones.
settle() {
    if ((failed > 0)); then
        echo "$passed passed, $failed failed"
        exit 1
    fi
}

# must TITLE COMMAND...: a step without which there is no next one.
must() {
    step "$@" || settle
}

# side_by_side COMMAND ARGUMENT...: runs the command, which takes steps, on each argument, as many at a time as there are
# processors. What they say comes in the order of the arguments.
side_by_side() {
    local command=$1 argument places said job jobs=()
    shift
    # A place is a line in a pipe: whoever begins takes one, and puts it back at the end.
    mkfifo "$work/places"
    exec 9<>"$work/places"
    for ((places = $(getconf _NPROCESSORS_ONLN); places > 0; places--)); do
        echo >&9
    done
    for argument in "$@"; do
        said=$work/said.${#jobs[@]} output=$work/output.${#jobs[@]}
        {
            read -r -u 9
            "$command" "$argument" || true
            echo >&9
        } >"$said" 2>&1 &
        jobs+=($!)
    done
    output=$work/output
    for job in "${!jobs[@]}"; do
        said=$work/said.$job
        wait "${jobs[job]}" || echo "FAILED  $command ended before its time" >>"$said"
        cat "$said"
        passed=$((passed + $(grep -c '^ok ' "$said" || true)))
        failed=$((failed + $(grep -c '^FAILED ' "$said" || true)))
    done
    exec 9>&-
    rm "$work/places"
}
