#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154
# loadtest.yml as a whole, run by act: what is handed from job to job, and that nothing is left running. What the scripts do
# for themselves is in loadtest.bats.

setup() {
    load doubles
    load act
    job loadtest
    double aws gh cargo
    # What act asks for by itself.
    answer --always gh auth token
    a_repository
    mkdir -p "$CHECKOUT_SOURCE"/{terraform/dev/instance,target/release}
    cp "$SCRIPTS/../../terraform/dev/instance/backend.tf" "$CHECKOUT_SOURCE/terraform/dev/instance/"
    # What cargo, a double, does not build.
    cat >"$CHECKOUT_SOURCE/target/release/loadgen" <<'SCRIPT'
#!/usr/bin/env bash
[[ $2 != /nowhere ]] || exit 1
for argument; do
    [[ $argument != *summary.json ]] || echo '{"requests": 9, "rate": 1, "failed": 0, "due": 9, "dropped": 0, "steps": {}, "thresholds": [],
        "generator": {"saturated": false}, "latency_ms": {"p50": 1, "p95": 1, "p99": 1, "max": 1}}' >"$argument"
    [[ $argument != *report.html ]] || echo '<html>' >"$argument"
done
SCRIPT
    git -C "$CHECKOUT_SOURCE" add --all --force
    a_commit 'What it needs'
    variables=(--var AWS_ROLE_PLAN=arn:aws:iam::123456789012:role/plan --var AWS_ROLE_LOADTEST=arn:aws:iam::123456789012:role/loadtest
        --var AWS_REGION=ap-northeast-2)
    answer cargo build
    answer aws s3 cp s3://marketboro-dev-terraform-state/instance/terraform.tfstate <<<'{"outputs": {
        "cluster_name": {"value": "marketboro-dev"}, "service_url": {"value": "https://www.example.com"},
        "results_bucket": {"value": "results-1"}, "load_generator_subnet_ids": {"value": ["subnet-1"]},
        "load_generator_security_group_id": {"value": "sg-1"}, "generator_ip_set": {"value":
        {"id": "11111111-2222-3333-4444-555555555555", "name": "generators", "scope": "REGIONAL"}}}}'
    local image=123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/marketboro-dev-loadgen
    answer aws ecs describe-task-definition <<<"{\"taskDefinition\": {\"taskDefinitionArn\": \"arn:x/marketboro-dev-loadgen:7\",
        \"containerDefinitions\": [{\"name\": \"loadgen\", \"image\": \"$image@sha256:new\"}]}}"
    answer aws ecr describe-images <<<'{"imageDetails": [{"imageDigest": "sha256:new", "imagePushedAt": "2030-01-31",
        "imageTags": ["2222222222222222222222222222222222222222"]}]}'
    answer --always aws wafv2 get-ip-set <<<'{"LockToken": "11111111-2222-3333-4444-555555555555"}'
    answer --always aws wafv2 update-ip-set <<<'{}'
    task=arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/a
}

teardown() {
    doubles_are_done
}

task() { # STATUS EXIT-CODE
    answer aws ecs describe-tasks <<<"{\"tasks\": [{\"taskArn\": \"$task\", \"lastStatus\": \"$1\", \"desiredStatus\": \"RUNNING\",
        \"attachments\": [{\"details\": [{\"name\": \"networkInterfaceId\", \"value\": \"eni-1\"}]}],
        \"containers\": [{\"exitCode\": ${2-null}}]}]}"
}

running() {
    answer aws ecs run-task <<<"{\"tasks\": [{\"taskArn\": \"$task\"}]}"
    task RUNNING
    answer aws ec2 describe-network-interfaces <<<'{"NetworkInterfaces": [{"Association": {"PublicIp": "203.0.113.1"}}]}'
    answer --when RUNNING aws ecs list-tasks <<<"{\"taskArns\": [\"$task\"]}"
    answer --when STOPPED aws ecs list-tasks <<<'{"taskArns": []}'
}

nothing_left() {
    answer --when RUNNING aws ecs list-tasks <<<'{"taskArns": []}'
}

exempt_at_the_end() {
    calls aws wafv2 update-ip-set | tail -n 1
}

@test "a load is started, waited for, judged, and leaves nothing behind" {
    running
    task STOPPED 0
    nothing_left
    answer aws s3 sync
    answer --when 'cp s3://results-1/last/' --status 1 --error 'fatal error: An error occurred (404)' aws s3 cp
    answer --when 'this.json s3://results-1/last/' aws s3 cp
    INPUTS='{"generators": "1", "rate": "50/s"}' run -0 workflow loadtest.yml workflow_dispatch "${variables[@]}"
    [[ $(calls aws ecs run-task) == *'"--rate","50/s"'* ]]
    [[ $(exempt_at_the_end) == *"'--addresses' '--lock-token'"* ]]
    [[ -e $DOUBLES/artifacts/loadtest-github-1-1/report.html ]]
}

@test "a generator that dies fails the run, after the report is kept" {
    running
    task STOPPED 137
    answer aws logs get-log-events <<<'{"events": []}'
    nothing_left
    answer aws s3 sync
    answer --when 'cp s3://results-1/last/' --status 1 --error 'fatal error: An error occurred (404)' aws s3 cp
    INPUTS='{"generators": "1"}' run -1 workflow loadtest.yml workflow_dispatch "${variables[@]}"
    has 'Not all generators did their part'
    [[ $(exempt_at_the_end) == *"'--addresses' '--lock-token'"* ]]
    [[ -e $DOUBLES/artifacts/loadtest-github-1-1/report.html ]]
}

@test "what was started is stopped where not all could be" {
    answer aws ecs run-task <<<"{\"tasks\": [{\"taskArn\": \"$task\"}]}"
    answer --always aws ecs run-task <<<'{"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time"}]}'
    answer --when RUNNING aws ecs list-tasks <<<"{\"taskArns\": [\"$task\"]}"
    answer aws ecs stop-task <<<'{}'
    INPUTS='{"generators": "2"}' run -1 workflow loadtest.yml workflow_dispatch "${variables[@]}"
    has 'Only 1 of 2 generators could be started'
    [[ $(calls aws ecs stop-task) == *"'--task' '$task'"* ]]
}
