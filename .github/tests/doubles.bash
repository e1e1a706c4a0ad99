# shellcheck shell=bash
# Loaded by the tests beside it: a job's surroundings, and doubles of programs that need AWS or GitHub.
#
#   setup() { load doubles; job deploy; double aws gh; }
#   teardown() { doubles_are_done; }
#
#   answer aws ecs describe-services <<<'{"services": []}'     the next call that begins like this gets this answer
#   answer --always --when 'tasks 1' aws ecs describe-tasks    every call that also has this text
#   answer --status 254 --error TEXT aws ecs update-service    fails
#   calls aws ecs update-service                               the calls that were made, one a line, quoted for a shell
#   input aws ecs register-task-definition                     what the last of them was given: file://FILE, or stdin at -

bats_require_minimum_version 1.5.0
repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# job [ROLE]: an empty folder as the runner's, no settings but its own; with ROLE, one of terraform's github_roles,
# calls of aws that the role does not allow fail.
job() {
    local name
    while IFS='=' read -r name _; do
        unset "$name"
    done < <(env | grep -E '^(AWS|TF|GITHUB|RUNNER|GH|ACTIONS)_[A-Za-z_0-9]*=' || true)
    export REAL_HOME=$HOME HOME=$BATS_TEST_TMPDIR/home RUNNER_TEMP=$BATS_TEST_TMPDIR/runner
    export GITHUB_OUTPUT=$BATS_TEST_TMPDIR/output GITHUB_STEP_SUMMARY=$BATS_TEST_TMPDIR/summary
    export GITHUB_ENV=$BATS_TEST_TMPDIR/env
    export GITHUB_REPOSITORY=example/marketboro GITHUB_SERVER_URL=https://github.com GITHUB_RUN_ID=77
    export AWS_REGION=ap-northeast-2 POLL_SECONDS=0 RETRY_SECONDS=0 ROLE_OF_JOB=${1-}
    mkdir -p "$HOME" "$RUNNER_TEMP"
    touch "$GITHUB_OUTPUT" "$GITHUB_STEP_SUMMARY" "$GITHUB_ENV"
    export SCRIPTS=$repository/.github/scripts
    cd "$RUNNER_TEMP" || return
}

# double PROGRAM...: puts doubles of these before the real ones on PATH.
double() {
    export DOUBLES=$BATS_TEST_TMPDIR/doubles
    local program
    mkdir -p "$DOUBLES"/{bin,answers,calls}
    for program; do
        ln -s "$BATS_TEST_DIRNAME/command-double" "$DOUBLES/bin/$program"
    done
    [[ $PATH == "$DOUBLES"/* ]] || export REAL_PATH=$PATH PATH=$DOUBLES/bin:$PATH
}

answer() {
    local folder always='' status=0 error='' when=()
    while :; do
        case $1 in
            --always) always=yes && shift ;;
            --status) status=$2 && shift 2 ;;
            --error) error=$2 && shift 2 ;;
            --when) when+=("$2") && shift 2 ;;
            *) break ;;
        esac
    done
    answers_laid=$((${answers_laid-0} + 1))
    folder=$DOUBLES/answers/$(printf '%04d' "$answers_laid")
    mkdir "$folder"
    printf '%s\0' "$@" >"$folder/words"
    touch "$folder"/{when,stdout,stderr}
    ((${#when[@]} == 0)) || printf '%s\0' "${when[@]}" >"$folder/when"
    [[ -t 0 ]] || cat >"$folder/stdout"
    [[ -z $error ]] || printf '%s\n' "$error" >"$folder/stderr"
    echo "$status" >"$folder/status"
    [[ -z $always ]] || touch "$folder/always"
}

# calls_of WORD...: the folders of the calls that begin like this, in their order.
calls_of() {
    local call arguments
    for call in "$DOUBLES"/calls/*; do
        [[ -d $call ]] || continue
        mapfile -d '' arguments <"$call/arguments"
        [[ "${arguments[*]:0:$#}" == "$*" ]] && echo "$call"
    done
    return 0
}

calls() {
    local call arguments
    while IFS= read -r call; do
        mapfile -d '' arguments <"$call/arguments"
        (IFS=' ' && printf '%s\n' "${arguments[*]@Q}")
    done < <(calls_of "$@")
}

call_count() {
    calls_of "$@" | wc -l
}

input() {
    cat "$(calls_of "$@" | tail -n 1)/input"
}

# doubles_are_done: fails the test where a call had no answer, or an answer no call.
doubles_are_done() {
    local answer words
    [[ -d ${DOUBLES-} ]] || return 0
    if [[ -e $DOUBLES/unexpected ]]; then
        cat "$DOUBLES/unexpected"
        return 1
    fi
    for answer in "$DOUBLES"/answers/*; do
        [[ -d $answer && ! -e $answer/given ]] || continue
        mapfile -d '' words <"$answer/words"
        echo "no call took the answer for: ${words[*]}"
        return 1
    done
}

# has TEXT: the output of `run` has this text.
has() {
    # shellcheck disable=SC2154 # output is set by run
    [[ $output == *"$1"* ]] && return
    printf 'expected: %s\ngot: %s\n' "$1" "$output"
    return 1
}

# summary_has TEXT: what the job shows when it is done has this text.
summary_has() {
    grep -qF -- "$1" "$GITHUB_STEP_SUMMARY" && return
    printf 'expected: %s\ngot: %s\n' "$1" "$(<"$GITHUB_STEP_SUMMARY")"
    return 1
}

# out NAME: an output of the last script.
out() {
    sed -n "s/^$1=//p" "$GITHUB_OUTPUT" | tail -n 1
}
