#!/usr/bin/env bats
# What loadtest.yml does: tasks that share a load, and what becomes of it when something goes wrong.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

setup() {
    load doubles
    job loadtest
    loadgen 0
    double aws
    export INSTANCE='{
        "cluster_name": "marketboro-dev", "service_url": "https://www.example.com", "results_bucket": "results-1",
        "load_generator_subnet_ids": ["subnet-1", "subnet-2"], "load_generator_security_group_id": "sg-1",
        "generator_ip_set": {"id": "11111111-2222-3333-4444-555555555555", "name": "generators", "scope": "REGIONAL"}}'
    export MODE=run GENERATORS=2 RATE=900/s DURATION=5m OBJECTIVES='p(99)<250ms; error_rate<1%' TARGET='' RUN_ID=github-77-1
    export CLUSTER=marketboro-dev CONTAINER=loadgen FAMILY=marketboro-dev-loadgen LOG_GROUP=/marketboro/dev/loadgen
    export TASK_DEFINITION=arn:aws:ecs:ap-northeast-2:123456789012:task-definition/marketboro-dev-loadgen:8
    export RESULTS=results COMMIT=0123456789abcdef0123456789abcdef01234567 COMPLETE=true
}

teardown() {
    doubles_are_done
}

# loadgen MERGED [COMPARED [CHECKED]]: a double of loadgen that ends so, and whose summary says the like.
loadgen() {
    export LOADGEN=$PWD/loadgen-double
    cat >summary-laid.json <<'JSON'
{"requests": 1000, "rate": 899.6, "failed": 3, "due": 1000, "dropped": 0, "generator": {"saturated": false},
 "latency_ms": {"p50": 1.234, "p95": 9.5, "p99": 20, "max": 99}, "steps": {"create": {"requests": 1000, "rate": 899.6, "failed": 3,
 "latency_ms": {"p50": 1.234, "p95": 9.5, "p99": 20, "max": 99}}, "read": {"requests": 1, "rate": 1, "failed": 0,
 "latency_ms": {"p50": 1, "p95": 1, "p99": 1, "max": 1}}},
 "thresholds": [{"expression": "p(99)<250ms", "value": 20, "passed": true}, {"expression": "error_rate<1%", "value": 0.3, "passed": PASSED}]}
JSON
    sed -i "s/PASSED/$([[ $1 == 0 ]] && echo true || echo false)/" summary-laid.json
    cat >loadgen-double <<SCRIPT
#!/usr/bin/env bash
printf '%s ' "\$@" >>"$PWD/loadgen-calls"
echo >>"$PWD/loadgen-calls"
case \$1 in
    merge)
        [[ \$2 != /nowhere ]] || exit ${3-1}
        for argument; do [[ \$argument != *summary.json ]] || cp "$PWD/summary-laid.json" "\$argument"; done
        exit $1
        ;;
    compare)
        echo 'p99: 20 ms, was 10 ms: worse'
        exit ${2-0}
        ;;
esac
SCRIPT
    chmod +x loadgen-double
}

# ---- what people may type ---------------------------------------------------------------------------------------------

@test "what is typed is judged before anything is started" {
    local setting
    for setting in MODE=fast GENERATORS=0 GENERATORS=21 'GENERATORS=$(date)' RATE=fast RATE=1/s,2 DURATION=5 DURATION=3h DURATION=5s \
        'TARGET=items' 'TARGET=/$(date)' 'TARGET=/a b' 'OBJECTIVES= ; '; do
        run -1 env "$setting" "$SCRIPTS/loadtest-start"
        has "::error::"
        has give
    done
    MODE=capacity GENERATORS=2 run -1 "$SCRIPTS/loadtest-start"
    has 'has one generator'
    [[ $(call_count aws) == 0 ]]
}

# ---- image -----------------------------------------------------------------------------------------------------------

definition() { # IMAGE
    answer aws ecs describe-task-definition <<<"$(jq -n --arg image "$1" '{
        taskDefinition: {taskDefinitionArn: "arn:aws:ecs:ap-northeast-2:123456789012:task-definition/marketboro-dev-loadgen:7",
            family: "marketboro-dev-loadgen", revision: 7, status: "ACTIVE", registeredAt: "2030-01-31T00:00:00Z",
            requiresAttributes: [], compatibilities: ["FARGATE"], cpu: "1024", memory: "2048", networkMode: "awsvpc",
            containerDefinitions: [{name: "loadgen", image: $image, essential: true, command: ["--help"]}]},
        tags: [{key: "Environment", value: "dev"}]}')"
}

ecr=123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/marketboro-dev-loadgen

pushed() {
    answer aws ecr describe-images <<<'{"imageDetails": [
        {"imageDigest": "sha256:old", "imageTags": ["1111111111111111111111111111111111111111"], "imagePushedAt": "2030-01-01T00:00:00Z"},
        {"imageDigest": "sha256:new", "imageTags": ["2222222222222222222222222222222222222222"], "imagePushedAt": "2030-01-31T00:00:00Z"},
        {"imageDigest": "sha256:sig", "imageTags": ["sha256-abc.sig"], "imagePushedAt": "2030-02-01T00:00:00Z"}]}'
}

@test "Terraform's template gets the newest image, and keeps everything else and its tags" {
    definition "$ecr:unreleased"
    pushed
    answer aws ecs register-task-definition <<<"{\"taskDefinition\": {\"taskDefinitionArn\": \"$TASK_DEFINITION\"}}"
    COMMIT='' run -0 "$SCRIPTS/loadtest-image"
    [[ $(out task_definition) == "$TASK_DEFINITION" && $(out image) == "$ecr@sha256:new" && $(out commit) == 2222* ]]
    input aws ecs register-task-definition | jq -e --arg image "$ecr@sha256:new" '
        .containerDefinitions[0].image == $image and .containerDefinitions[0].command == ["--help"] and .cpu == "1024"
        and .tags == [{key: "Environment", value: "dev"}] and (has("revision") | not)'
}

@test "a task definition that has the image already is taken as it is" {
    definition "$ecr@sha256:new"
    pushed
    COMMIT='' run -0 "$SCRIPTS/loadtest-image"
    [[ $(out task_definition) == *:7 ]]
}

@test "a commit without an image, or no image at all, is said so" {
    definition "$ecr:unreleased"
    answer --status 254 --error 'An error occurred (ImageNotFoundException)' aws ecr describe-images
    run -1 "$SCRIPTS/loadtest-image"
    has "There is no load generator of $COMMIT"
    definition "$ecr:unreleased"
    answer aws ecr describe-images <<<'{"imageDetails": []}'
    COMMIT='' run -1 "$SCRIPTS/loadtest-image"
    has 'has no image of a commit yet'
    COMMIT='main; date' run -1 "$SCRIPTS/loadtest-image"
}

# ---- start -----------------------------------------------------------------------------------------------------------

started() { # TASK
    answer aws ecs run-task <<<"{\"tasks\": [{\"taskArn\": \"arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/$1\"}], \"failures\": []}"
}

described() { # STATUS [MORE OF THE FIRST TASK]: both tasks
    answer aws ecs describe-tasks <<<"$(jq -n --arg status "$1" --argjson more "${2-"{}"}" '{tasks: ([
        ("a", "b") | {taskArn: "arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/\(.)", lastStatus: $status,
            desiredStatus: "RUNNING", attachments: [{details: [{name: "networkInterfaceId", value: "eni-\(.)"}]}],
            containers: [{name: "loadgen"} + if $status == "STOPPED" then {exitCode: 0} else {} end]}
    ] | .[0] += $more), failures: []}')"
}

exempted() {
    answer aws wafv2 get-ip-set <<<'{"LockToken": "11111111-2222-3333-4444-555555555555", "IPSet": {"Addresses": ["198.51.100.1/32"]}}'
    answer aws wafv2 update-ip-set <<<'{}'
}

addresses() {
    answer aws ec2 describe-network-interfaces <<<'{"NetworkInterfaces": [{"Association": {"PublicIp": "203.0.113.1"}}, {"Association": {"PublicIp": "203.0.113.2"}}]}'
}

@test "generators share a run, a start time and the load, and are let through the firewall before it begins" {
    started a
    started b
    described PENDING
    described RUNNING
    addresses
    exempted
    run -0 "$SCRIPTS/loadtest-start"
    mapfile -t runs < <(calls aws ecs run-task)
    [[ ${#runs[@]} == 2 && ${runs[0]} == *"'--started-by' 'github-77-1' '--tags' 'key=Purpose,value=loadtest'"* ]]
    [[ ${runs[0]} == *'"LOADGEN_SEGMENT","value":"1/2"'* && ${runs[1]} == *'"LOADGEN_SEGMENT","value":"2/2"'* ]]
    [[ ${runs[0]} == *'["run","https://www.example.com","--scenario","items","--rate","900/s","--duration","5m","--out","s3://results-1/runs/github-77-1","--quiet"]'* ]]
    [[ $(grep -o '"LOADGEN_START_AT","value":"[^"]*"' <<<"${runs[*]}" | sort -u | wc -l) == 1 ]]
    [[ ${runs[0]} == *'"subnets":["subnet-1","subnet-2"],"securityGroups":["sg-1"],"assignPublicIp":"ENABLED"'* ]]
    [[ $(calls aws wafv2 update-ip-set) == *"'--addresses' '203.0.113.1/32' '203.0.113.2/32' '--lock-token'"* ]]
    (($(out ends_at) > $(date +%s) + 300))
}

@test "a search is one task, without a start time" {
    started a
    answer aws ecs describe-tasks <<<'{"tasks": [{"taskArn": "a/a", "lastStatus": "RUNNING", "attachments": [{"details": [{"name": "networkInterfaceId", "value": "eni-a"}]}]}]}'
    answer aws ec2 describe-network-interfaces <<<'{"NetworkInterfaces": [{"Association": {"PublicIp": "203.0.113.1"}}]}'
    exempted
    MODE=capacity GENERATORS=1 TARGET=/items/1 run -0 "$SCRIPTS/loadtest-start"
    [[ $(calls aws ecs run-task) == *'["capacity","https://www.example.com/items/1","--from","900/s","--max-time","5m","--summary-json","-","--slo","p(99)<250ms","--slo","error_rate<1%","--quiet"]'* ]]
    [[ $(calls aws ecs run-task) != *LOADGEN_START_AT* ]]
}

@test "where Fargate has no room, it is asked again, and not for ever" {
    answer aws ecs run-task <<<'{"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time"}]}'
    started a
    answer --always aws ecs run-task <<<'{"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time"}]}'
    run -1 "$SCRIPTS/loadtest-start"
    has '::warning::Generator 2/2 was not started: Capacity is unavailable at this time.'
    has 'Only 1 of 2 generators could be started'
    # Each try is a new one for AWS, a repeated call is not.
    [[ $(calls aws ecs run-task | grep -o "'--client-token' '[^']*'" | sort -u | wc -l) == 7 ]]
}

@test "a generator that dies before the load begins ends the test" {
    started a
    started b
    described RUNNING '{"lastStatus": "STOPPED", "stoppedReason": "CannotPullContainerError", "containers": []}'
    run -1 "$SCRIPTS/loadtest-start"
    has 'A generator stopped before the load began, so there is none: a: CannotPullContainerError'
}

@test "generators that are not ready in time end the test" {
    started a
    started b
    answer --always aws ecs describe-tasks <<<'{"tasks": [{"taskArn": "a/a", "lastStatus": "PROVISIONING"}]}'
    LEAD=30 run -1 "$SCRIPTS/loadtest-start"
    has 'Not all generators ran in time'
}

@test "a generator without a public address ends the test" {
    started a
    started b
    described RUNNING
    answer aws ec2 describe-network-interfaces <<<'{"NetworkInterfaces": [{"Association": {"PublicIp": "203.0.113.1"}}, {}]}'
    run -1 "$SCRIPTS/loadtest-start"
    has 'Only 1 of 2 generators have a public address'
}

@test "a set of addresses that somebody changed meanwhile is read again" {
    export IP_SET
    IP_SET=$(jq -c .generator_ip_set <<<"$INSTANCE")
    answer --always aws wafv2 get-ip-set <<<'{"LockToken": "11111111-2222-3333-4444-555555555555"}'
    answer --status 254 --error 'An error occurred (WAFOptimisticLockException)' aws wafv2 update-ip-set
    answer aws wafv2 update-ip-set <<<'{}'
    run -0 "$SCRIPTS/loadtest-exempt" 203.0.113.1/32
    answer --status 254 --error 'An error occurred (AccessDeniedException) when calling UpdateIPSet' aws wafv2 update-ip-set
    run -1 "$SCRIPTS/loadtest-exempt"
    has 'terraform/modules/github-permissions'
}

# ---- wait ------------------------------------------------------------------------------------------------------------

known() {
    answer aws ecs list-tasks <<<'{"taskArns": ["arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/a", "arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/b"]}'
    answer aws ecs list-tasks <<<'{"taskArns": []}'
}

@test "generators are waited for" {
    export ENDS_AT
    ENDS_AT=$(date +%s)
    known
    described RUNNING
    described STOPPED
    run -0 "$SCRIPTS/loadtest-wait"
    [[ $(out complete) == true ]]
}

@test "one that dies has its log shown and the others stopped" {
    export ENDS_AT
    ENDS_AT=$(date +%s)
    known
    described RUNNING '{"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedReason": "Essential container in task exited", "containers": [{"exitCode": 137, "reason": "OutOfMemoryError"}]}'
    answer aws logs get-log-events <<<'{"events": [{"message": "::error::loadgen: memory is short"}]}'
    answer aws ecs stop-task <<<'{}'
    described STOPPED '{"containers": [{"exitCode": 137}], "stoppedReason": "Essential container in task exited"}'
    run -0 "$SCRIPTS/loadtest-wait"
    has 'Generator a ended with status 137: Essential container in task exited, OutOfMemoryError.'
    has $'\n: :error::loadgen: memory is short'
    [[ $(out complete) == false && $(call_count aws ecs stop-task) == 1 ]]
    [[ $(calls aws ecs stop-task) == *"marketboro-dev/b'"* ]]
    [[ $(calls aws logs get-log-events) == *"'/marketboro/dev/loadgen' '--log-stream-name' 'loadgen/loadgen/a'"* ]]
}

@test "one that ECS no longer knows is dead" {
    export ENDS_AT
    ENDS_AT=$(date +%s)
    known
    answer aws ecs describe-tasks <<<'{"tasks": [], "failures": [{"arn": "x/a", "reason": "MISSING"}, {"arn": "x/b", "reason": "MISSING"}]}'
    answer --always aws logs get-log-events <<<'{"events": []}'
    run -0 "$SCRIPTS/loadtest-wait"
    [[ $(out complete) == false ]]
}

@test "a search that finds nothing has come to its end all the same" {
    export ENDS_AT MODE=capacity
    ENDS_AT=$(date +%s)
    known
    described STOPPED '{"containers": [{"exitCode": 99}], "stoppedReason": "Essential container in task exited"}'
    run -0 "$SCRIPTS/loadtest-wait"
    [[ $(out complete) == true ]]
}

@test "generators that never end are not waited for for ever" {
    export ENDS_AT
    ENDS_AT=$(($(date +%s) - 601))
    known
    described RUNNING
    run -0 "$SCRIPTS/loadtest-wait"
    has 'ten minutes after'
    [[ $(out complete) == false ]]
}

@test "a run that was never started is not waited for" {
    export ENDS_AT
    ENDS_AT=$(date +%s)
    answer --always aws ecs list-tasks <<<'{"taskArns": []}'
    run -1 "$SCRIPTS/loadtest-wait"
    has 'ECS knows no task of run github-77-1'
}

# ---- stop ------------------------------------------------------------------------------------------------------------

@test "what is left is stopped, and the rate limit holds for everybody again" {
    answer aws ecs list-tasks <<<'{"taskArns": ["arn:1", "arn:2"]}'
    answer --when arn:1 --status 254 --error 'An error occurred (AccessDeniedException) when calling StopTask' aws ecs stop-task
    answer --when arn:2 aws ecs stop-task <<<'{}'
    exempted
    run -1 "$SCRIPTS/loadtest-stop"
    has 'may still run'
    [[ $(calls aws wafv2 update-ip-set) == *"'--addresses' '--lock-token'"* ]]
    answer aws ecs list-tasks <<<'{"taskArns": []}'
    exempted
    run -0 "$SCRIPTS/loadtest-stop"
}

# ---- judge -----------------------------------------------------------------------------------------------------------

first_of_its_load() {
    answer aws s3 sync
    answer --when 'cp s3://results-1/last/' --status 1 --error 'fatal error: An error occurred (404) when calling the HeadObject operation: Not Found' \
        aws s3 cp
}

@test "a run that meets its objectives is what the next one is compared with" {
    loadgen 0
    first_of_its_load
    answer --when 'this.json s3://results-1/last/' aws s3 cp
    run -0 "$SCRIPTS/loadtest-judge"
    summary_has '| **all** | 1000 | 900/s | 3 | 1.23 ms | 9.5 ms | 20 ms | 99 ms |'
    summary_has '| `p(99)<250ms` | 20 | met |'
    summary_has 'nothing to compare with'
    grep -q -- '--threshold p(99)<250ms --threshold error_rate<1% --report results/report.html' loadgen-calls
    [[ $(calls aws s3 cp | tail -n 1) == *"'s3://results-1/last/"* ]]
}

@test "a run that misses an objective fails, and is compared with by no other" {
    loadgen 99
    first_of_its_load
    run -1 "$SCRIPTS/loadtest-judge"
    has '::error::Objectives were missed: error_rate<1%25 (0.3).'
    summary_has '| `error_rate<1%` | 0.3 | **missed** |'
    [[ $(call_count aws s3 cp) == 1 ]]
}

@test "a run that got worse than the last one is a warning" {
    loadgen 0 99
    answer aws s3 sync s3://results-1/runs/github-77-1
    answer --when 'cp s3://results-1/last/' aws s3 cp <<<'{"run_id": "github-70-1", "commit": "abcdef0123456789"}'
    # The double copies nothing, so one before it does.
    mkdir bin
    printf '#!/usr/bin/env bash\n[[ "$2 $3" != "sync s3://results-1/runs/github-70-1" ]] || { mkdir -p "$4"; touch "$4/run.json"; }\nexec "$DOUBLES/bin/aws" "$@"\n' >bin/aws
    chmod +x bin/aws
    answer aws s3 sync s3://results-1/runs/github-70-1
    answer --when 'this.json s3://results-1/last/' aws s3 cp
    PATH=$PWD/bin:$PATH run -0 "$SCRIPTS/loadtest-judge"
    has '::warning::It got worse than run github-70-1.'
    summary_has 'Compared with run `github-70-1` of commit `abcdef012345`'
    summary_has 'was 10 ms: worse'
    grep -q '^compare .*/last .*/new' loadgen-calls
}

@test "a last run that is no longer kept is said so" {
    loadgen 0
    answer aws s3 sync
    answer --when 'cp s3://results-1/last/' aws s3 cp <<<'{"run_id": "github-70-1"}'
    answer aws s3 sync
    answer --when 'this.json s3://results-1/last/' aws s3 cp
    run -0 "$SCRIPTS/loadtest-judge"
    summary_has 'is no longer kept'
    run ! grep compare loadgen-calls
}

@test "a run of which a generator died fails, whatever its figures" {
    loadgen 0
    first_of_its_load
    COMPLETE=false run -1 "$SCRIPTS/loadtest-judge"
    has 'Not all generators did their part'
    summary_has '| **all** |'
    [[ $(call_count aws s3 cp) == 1 ]]
}

@test "an objective that loadgen does not know is said so, if possible before anything is started" {
    loadgen 0 0 2
    run -1 "$SCRIPTS/loadtest-start"
    has 'An objective is not one that loadgen knows'
    loadgen 2
    answer aws s3 sync
    run -1 "$SCRIPTS/loadtest-judge"
    has 'An objective is about something that this run does not have'
}

@test "other loads are compared with other runs" {
    loadgen 0
    for rate in 900/s 901/s; do
        first_of_its_load
        answer --when 'this.json s3://results-1/last/' aws s3 cp
        RATE=$rate run -0 "$SCRIPTS/loadtest-judge"
    done
    [[ $(calls aws s3 cp | grep -o 's3://results-1/last/[0-9a-f]*' | sort | uniq -c | awk '{ print $1 }' | paste -sd ' ') == '2 2' ]]
}

# ---- capacity --------------------------------------------------------------------------------------------------------

# The log as it comes: what people read is between the lines of the JSON.
log_of_search() { # RATE
    jq -n --arg rate "$1" '{schema: 1, started_at: "2030-01-31T00:00:00Z", objectives: ["p(99)<250ms", "a \"b\""], rate: ($rate | fromjson),
        failing_rate: 420.5, interval: [390.25, 411], confidence: 0.95, interrupted: false, limit: null,
        conclusion: "it was found.", probes: [{phase: "ramp", rate: 400, requests: 9, passed: false, failed: 2, reason: "p(99) is 300 ms | more <b>",
        latency_ms: {p50: 1, p95: 1.5, p99: 300.129}, objectives: [], generator: {}}]}' |
        sed 'a\  400/s      not borne: "p(99)" is 300 ms' |
        sed '1i Capacity of https://www.example.com' |
        jq -R '{message: .}' | jq -s '{events: .}'
}

@test "what a search found is read out of its log" {
    answer aws ecs list-tasks <<<'{"taskArns": ["x/y/abc"]}'
    answer aws logs filter-log-events <<<'{"events": [{"message": "{"}]}'
    answer aws logs filter-log-events <<<"$(log_of_search 408.04)"
    run -0 "$SCRIPTS/loadtest-capacity"
    [[ $(jq -c '[.rate, .interval, .objectives[1]]' results/capacity.json) == '[408.04,[390.25,411],"a \"b\""]' ]]
    summary_has 'Highest rate that meets every objective: **408/s**, with 95 % between 390.3/s and 411/s.'
    summary_has '| 400/s | no | 2 | 1.5 ms | 300.13 ms | p(99) is 300 ms   more <b> |'
    grep -qF '<tr class="no"><td>ramp</td><td>400/s</td><td>no</td><td>9</td>' results/report.html
    grep -qF 'p(99) is 300 ms | more &lt;b&gt;' results/report.html
    [[ $(calls aws logs filter-log-events) == *"'--log-stream-names' 'loadgen/loadgen/abc'"* ]]
}

@test "a search that found no rate fails" {
    answer aws ecs list-tasks <<<'{"taskArns": ["x/y/abc"]}'
    answer aws logs filter-log-events <<<"$(log_of_search null)"
    run -1 "$SCRIPTS/loadtest-capacity"
    has 'Not even the lowest rate met the objectives: it was found.'
}

@test "a search whose log holds no result shows its end" {
    answer aws ecs list-tasks <<<'{"taskArns": ["x/y/abc"]}'
    answer --always aws logs filter-log-events <<<'{"events": [{"message": "loadgen: the target does not answer"}]}'
    run -1 "$SCRIPTS/loadtest-capacity"
    has 'loadgen: the target does not answer'
    has 'The log of the search holds no result'
    [[ ! -e results/capacity.json ]]
}
