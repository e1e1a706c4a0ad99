#!/usr/bin/env bats
# set-variables against doubles of gh and of Terraform.

setup() {
    load doubles
    job
    double gh terraform
}

teardown() {
    doubles_are_done
}

back() {
    answer --when /back terraform < <(jq -n '{key_arn: {value: "arn:aws:kms:eu-central-1:123456789012:key/1"}, role_arns: {value: (
        ["plan", "apply", "deploy", "image", "loadtest"] | map({key: ., value: "arn:aws:iam::123456789012:role/\(.)"}) | from_entries)}}')
}

@test "every variable comes out of Terraform's outputs" {
    back
    answer --when /instance terraform <<<'{"service_url": {"value": "https://www.example.com"}}'
    answer --always gh variable set
    run -0 "$SCRIPTS/set-variables" dev
    diff <(calls gh variable set | sed "s/'//g") - <<'CALLS'
gh variable set AWS_REGION --body eu-central-1
gh variable set AWS_ROLE_PLAN --body arn:aws:iam::123456789012:role/plan
gh variable set AWS_ROLE_APPLY --body arn:aws:iam::123456789012:role/apply
gh variable set AWS_ROLE_DEPLOY --body arn:aws:iam::123456789012:role/deploy
gh variable set AWS_ROLE_IMAGE --body arn:aws:iam::123456789012:role/image
gh variable set AWS_ROLE_LOADTEST --body arn:aws:iam::123456789012:role/loadtest
gh variable set SERVICE_URL --body https://www.example.com
CALLS
}

@test "before instance there is no URL, before back there is nothing" {
    back
    answer --when /instance terraform <<<'{}'
    answer --always gh variable set
    run -0 "$SCRIPTS/set-variables" dev
    has 'run this again'
    answer --when /back terraform <<<'{}'
    run -1 "$SCRIPTS/set-variables" dev
    has 'terraform/bootstrap dev comes first'
}

@test "who may not set variables, or read states, is told" {
    back
    answer --status 1 gh variable set
    run -1 "$SCRIPTS/set-variables" dev
    has 'gh auth login'
    answer --status 1 --when /back terraform
    run -1 "$SCRIPTS/set-variables" dev
    has 'log in to AWS'
    run -1 "$SCRIPTS/set-variables" nowhere
    has 'There is no terraform/nowhere'
    run -1 "$SCRIPTS/set-variables" ../x
    has usage
}
