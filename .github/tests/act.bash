# shellcheck shell=bash
# Loaded by tests beside it, after doubles: workflows run by act on this machine, without a container, with doubles of
# the actions that they use.

# a_repository: a commit on main with what workflows and scripts need; $COMMIT is set to it.
a_repository() {
    export CHECKOUT_SOURCE=$BATS_TEST_TMPDIR/repository
    git init -q -b main "$CHECKOUT_SOURCE"
    mkdir -p "$CHECKOUT_SOURCE"/{service,loadgen}
    cp -r "$SCRIPTS/../../.github" "$CHECKOUT_SOURCE/"
    cp "$SCRIPTS/../../service/Dockerfile" "$CHECKOUT_SOURCE/service/"
    cp "$SCRIPTS/../../loadgen/Dockerfile" "$CHECKOUT_SOURCE/loadgen/"
    git -C "$CHECKOUT_SOURCE" add --all
    a_commit 'The first'
}

# a_commit SUBJECT
a_commit() {
    git -C "$CHECKOUT_SOURCE" -c user.name=tester -c user.email=tester@example.com commit -q --allow-empty -m "$1"
    # shellcheck disable=SC2034 # the tests read it
    COMMIT=$(git -C "$CHECKOUT_SOURCE" rev-parse HEAD)
}

# workflow FILE EVENT OPTION...: runs it; options are act's, such as --var NAME=VALUE. INPUTS are those of a run by
# hand, as JSON, and PULL_REQUEST is the one of the event.
workflow() {
    local file=$1 event=$2 uses folder doubles=() settings=()
    shift 2
    while IFS= read -r uses; do
        folder=$BATS_TEST_DIRNAME/action-doubles/$(sed 's/.*\///; s/@.*//' <<<"$uses")
        [[ -d $folder ]] || folder=$BATS_TEST_DIRNAME/action-doubles/any
        doubles+=(--local-repository "$uses=$folder")
    done < <(grep -rhoE 'uses: [^. ]+@[0-9a-f]+' "$CHECKOUT_SOURCE/.github/workflows" | sed 's/uses: //' | sort -u)
    local name
    for name in DOUBLES BATS_RUN_TMPDIR WELL_FORMED REAL_PATH REAL_HOME ROLE_OF_JOB POLL_SECONDS RETRY_SECONDS CHECKOUT_SOURCE XDG_CACHE_HOME; do
        [[ -z ${!name-} ]] || settings+=(--env "$name=${!name}")
    done
    jq -n --argjson inputs "${INPUTS:-null}" --argjson pull_request "${PULL_REQUEST:-null}" '{ref: "refs/heads/main", $inputs,
        $pull_request, repository: {private: false, default_branch: "main"}}' >event.json
    mkdir -p "$HOME/.config/act"
    : >"$HOME/.config/act/actrc"
    # Its own caches are below HOME, which is the test's; the program itself is where everybody's is.
    (cd "$CHECKOUT_SOURCE" && XDG_CACHE_HOME=${XDG_CACHE_HOME:-$REAL_HOME/.cache} "$BATS_TEST_DIRNAME/../../tools/act" "$event" \
        --workflows ".github/workflows/$file" --eventpath "$RUNNER_TEMP/event.json" --no-skip-checkout \
        --action-offline-mode --platform ubuntu-24.04=-self-hosted --platform ubuntu-24.04-arm=-self-hosted \
        --no-cache-server "${doubles[@]}" "${settings[@]}" "$@" 2>&1)
}
