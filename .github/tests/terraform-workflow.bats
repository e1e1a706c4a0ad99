#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154
# terraform.yml as a whole, run by act with the real Terraform on roots of terraform_data: which root comes when, and what
# stops. What the scripts do for themselves is in terraform.bats.

setup() {
    load doubles
    load act
    job
    double gh
    # What act asks for by itself.
    answer --always gh auth token
    a_repository
    local root
    for root in back vpc storage instance monitor-instance; do
        mkdir -p "$CHECKOUT_SOURCE/terraform/dev/$root"
        cat >"$CHECKOUT_SOURCE/terraform/dev/$root/main.tf" <<TF
terraform {
  backend "local" {
    path = "$BATS_TEST_TMPDIR/states/$root"
  }
}

resource "terraform_data" "this" {
  input = "$root"
}
TF
    done
    commit_all
    variables=(--var AWS_ROLE_PLAN=arn:aws:iam::123456789012:role/plan --var AWS_ROLE_APPLY=arn:aws:iam::123456789012:role/apply
        --var AWS_REGION=ap-northeast-2)
}

teardown() {
    doubles_are_done
}

commit_all() {
    git -C "$CHECKOUT_SOURCE" add --all
    a_commit 'Roots'
}

applied() { # the roots that have a state
    (cd "$BATS_TEST_TMPDIR/states" 2>/dev/null && find . -type f ! -name '*.backup' | sed 's/^..//' | sort | paste -sd ' ')
}

@test "a push applies every root, the next one finds nothing to apply" {
    run -0 workflow terraform.yml push "${variables[@]}"
    [[ $(applied) == 'back instance monitor-instance storage vpc' ]]
    run -0 workflow terraform.yml push "${variables[@]}"
    has '### `monitor-instance`: no change'
    [[ $output != *'Apply what was approved'* ]]
}

@test "the first root that fails is the last" {
    sed -i 's/input = .*/input = "storage"\n  provisioner "local-exec" {\n    command = "exit 1"\n  }/' "$CHECKOUT_SOURCE/terraform/dev/storage/main.tf"
    commit_all
    run -1 workflow terraform.yml push "${variables[@]}"
    has 'storage: the apply failed half way'
    [[ $(applied) == 'back storage vpc' ]]
}

@test "what is not formatted is not applied" {
    sed -i 's/  input = /  input   = /' "$CHECKOUT_SOURCE/terraform/dev/vpc/main.tf"
    commit_all
    run -1 workflow terraform.yml push "${variables[@]}"
    has 'format: run terraform fmt'
    [[ -z $(applied) ]]
}

@test "a fork without roles checks, and does nothing else" {
    run -0 workflow terraform.yml push
    has 'Success! The configuration is valid'
    [[ -z $(applied) ]]
}

@test "a pull request is planned, and has that as a comment" {
    answer gh api --paginate </dev/null
    answer gh api --method POST
    # act calls every repository so that has no remote.
    PULL_REQUEST='{"number": 7, "head": {"repo": {"full_name": "nektos/act"}}}' run -0 workflow terraform.yml pull_request "${variables[@]}"
    [[ -z $(applied) && $(calls gh api --method POST) == *"issues/7/comments'"* ]]
}

@test "a pull request of a fork is checked alone" {
    PULL_REQUEST='{"number": 7, "head": {"repo": {"full_name": "somebody/marketboro"}}}' run -0 workflow terraform.yml pull_request "${variables[@]}"
    has 'Success! The configuration is valid'
    [[ $(call_count gh api) == 0 && -z $(applied) ]]
}

@test "a pull request of Dependabot is checked alone" {
    PULL_REQUEST='{"number": 7, "user": {"login": "dependabot[bot]"}, "head": {"repo": {"full_name": "nektos/act"}}}' \
        run -0 workflow terraform.yml pull_request "${variables[@]}"
    [[ $(call_count gh api) == 0 && -z $(applied) ]]
}

@test "a schedule compares, and applies nothing" {
    answer gh issue list </dev/null
    answer gh label create
    answer gh issue create
    run -0 workflow terraform.yml schedule "${variables[@]}"
    [[ -z $(applied) && $(calls gh issue create) == *"'AWS is not as Terraform says'"* ]]
    # With all applied there is nothing to tell.
    workflow terraform.yml push "${variables[@]}" >/dev/null
    answer gh issue list <<<5
    answer gh issue close
    run -0 workflow terraform.yml schedule "${variables[@]}"
    [[ $(calls gh issue close) == *"'close' '5'"* ]]
}
