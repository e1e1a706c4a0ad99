#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2013 # filters of jq; names hold no spaces
# What all workflows have in common, and that they and their scripts fit together.

bats_require_minimum_version 1.5.0

setup_file() {
    export WORKFLOWS=$BATS_FILE_TMPDIR/workflows
    "$BATS_TEST_DIRNAME/workflows-as-json" >"$WORKFLOWS"
}

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return
}

# nothing FILTER: fails with what the jq filter prints of the workflows.
nothing() {
    local found
    found=$(jq -r "$1" "$WORKFLOWS")
    [[ -z $found ]] || {
        printf '%s\n' "$2:" "$found"
        return 1
    }
}

@test "nothing is permitted but by a job, every job ends by itself, nothing runs twice at a time" {
    nothing 'to_entries[] | select(.value.permissions != {}) | .key' 'no permissions: {}'
    nothing 'to_entries[] | .key as $file | .value.jobs | to_entries[] | select(.value.permissions == null) | "\($file) \(.key)"' 'no permissions'
    nothing 'to_entries[] | .key as $file | .value.jobs | to_entries[] | select(.value.uses == null and .value["timeout-minutes"] == null) | "\($file) \(.key)"' 'no timeout-minutes'
    # What is called is part of the caller, which has its group.
    nothing 'to_entries[] | select((.value.on | has("workflow_call") | not) and .value.concurrency.group == null) | .key' 'no concurrency'
}

@test "actions are of one version each, by its commit, and checkouts keep no credentials" {
    local uses
    uses=$(grep -rhoE 'uses: [^. ].*' .github/workflows)
    run ! grep -vE '^uses: [A-Za-z0-9-]+/[A-Za-z0-9_/.-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$' <<<"$uses"
    diff <(sort -u <<<"$uses" | sed 's/@.*//' | uniq -d) /dev/null
    nothing 'to_entries[] | .key as $file | .value.jobs[].steps[]? | select((.uses // "") | startswith("actions/checkout@"))
        | select(.with["persist-credentials"] != "false") | $file' 'credentials stay'
}

@test "no step is long, and none has GitHub put text into its script" {
    nothing 'to_entries[] | .key as $file | .value.jobs[].steps[]? | select(.run != null)
        | select((.run | rtrimstr("\n") | split("\n") | length) > 5) | "\($file): \(.run)"' 'more than five lines: make a script of them'
    nothing 'to_entries[] | .key as $file | .value.jobs[].steps[]? | select((.run // "") | contains("${{")) | "\($file): \(.run)"' '${{ }} in a script'
}

@test "every script that a workflow runs is there, and every script is run" {
    local script named missing=''
    # Those that end in * are paths that a workflow runs for.
    named=$(grep -rhoE '\.github/scripts/[a-z-]+(\.[a-z]+)?\*?' .github/workflows docs | grep -v '\*$' | sort -u)
    while IFS= read -r script; do
        [[ -x $script ]] || missing+="$script "
    done < <(grep -v '\.\(sh\|jq\)$' <<<"$named")
    [[ -z $missing ]] || {
        echo "not there, or not executable: $missing"
        return 1
    }
    for script in .github/scripts/*; do
        grep -qx "$script" <<<"$named" || grep -rqF --exclude "${script##*/}" "/${script##*/}" .github/scripts || {
            echo "$script is run by nobody"
            return 1
        }
    done
}

# For each step that runs a script: `FILE STEP<tab>SCRIPT<tab>the names that it has of env`.
steps_with_scripts() {
    jq -r 'to_entries[] | .key as $file | (.value.env // {}) as $of_workflow
        | .value.jobs | to_entries[] | .key as $job | (.value.env // {}) as $of_job
        | .value.steps[]? | select(.run != null) | . as $step
        | .run | scan("\\.github/scripts/([a-z-]+)")[0]
        | "\($file) \($job)\t\(.)\t\($of_workflow + $of_job + ($step.env // {}) | keys | join(" "))"' "$WORKFLOWS"
}

@test "every step gives its script the settings that this needs" {
    local where script given name wrong='' steps=0
    while IFS=$'\t' read -r where script given; do
        steps=$((steps + 1))
        for name in $(sed -n 's/^ *need \([A-Z_ ]*\)$/\1/p' ".github/scripts/$script"); do
            # This one is set by the action that logs in to AWS.
            [[ $name == AWS_REGION || " $given " == *" $name "* ]] || wrong+="$where: $script needs $name"$'\n'
        done
    done < <(steps_with_scripts)
    printf '%s' "$wrong"
    [[ -z $wrong ]] && ((steps > 10))
}

@test "every step with a script that calls AWS comes after a login" {
    local wrong=''
    while IFS=$'\t' read -r where script; do
        if grep -q '/aws.sh"' ".github/scripts/$script"; then
            wrong+="$where: $script"$'\n'
        fi
    done < <(jq -r 'to_entries[] | .key as $file | .value.jobs | to_entries[] | .key as $job
        | .value.steps // [] | (map((.uses // "") | startswith("aws-actions/configure-aws-credentials@")) | index(true)) as $login
        | to_entries[] | select($login == null or .key < $login) | .value.run // ""
        | scan("\\.github/scripts/([a-z-]+)")[0] | "\($file) \($job)\t\(.)"' "$WORKFLOWS")
    printf '%s' "$wrong"
    [[ -z $wrong ]]
}

@test "a fork needs no variable and no secret that docs/deploy.md does not name" {
    local name missing=''
    for name in $(grep -rhoE '\b(vars|secrets)\.[A-Z_]+' .github/workflows | sed 's/.*\.//' | sort -u); do
        grep -q "\`$name\`" docs/deploy.md || missing+="$name "
    done
    printf '%s\n' "$missing"
    [[ -z $missing ]]
}
