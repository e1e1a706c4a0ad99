# shellcheck shell=bash
# Sourced by the scripts beside it: what a job tells people (annotations, its summary) and the steps after it (outputs).
# Annotations go to standard error, so that they come out from within $(…) as well: the runner reads both.

# annotation KIND TEXT...: KIND is error, warning or notice; of several texts it makes one line.
annotation() {
    local kind=$1 text=${*:2}
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '::%s::%s\n' "$kind" "$text" >&2
}

# fail TEXT...: ends the script; TEXT says what happened and what to do.
fail() {
    annotation error "$@"
    exit 1
}

warn() {
    annotation warning "$@"
}

# need NAME...: fails where one of these variables of the environment is not set.
need() {
    local name
    for name; do
        [[ -n ${!name-} ]] || fail "$name is not set: give it to the step, see docs/deploy.md for where its value" \
            "comes from."
    done
}

# as_text: what others wrote, from standard input, for the log: no line of it is a command to the runner.
as_text() {
    sed -u -E 's/^([[:space:]]*)::/\1: :/; s/##\[/## [/g'
}

# summary: appends Markdown from standard input to what the job shows when it is done.
summary() {
    cat >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
}

# output NAME VALUE: for steps after this one. A line break would make another output of what follows it.
output() {
    [[ $2 != *[$'\n\r']* ]] || fail "The output $1 has more than one line: this is a mistake of the script that made" \
        "it."
    printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/stdout}"
}
