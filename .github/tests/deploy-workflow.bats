#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
# The whole of service-deploy.yml, run by act: what is handed from step to step and from job to job, and which steps run
# when. What the scripts do for themselves is in deploy.bats.

setup() {
    load doubles
    load service-answers
    load act
    job deploy
    double aws curl make cargo
    a_repository
    export POLLS=4
    repository=$REGISTRY/marketboro-dev-service
    variables=(--var AWS_ROLE_DEPLOY=arn:aws:iam::123456789012:role/deploy --var AWS_REGION=ap-northeast-2
        --var SERVICE_URL=https://www.example.com)
}

teardown() {
    doubles_are_done
}

# The image of container-image.yml: built unless it is THERE.
image() { # [there]
    answer aws ecs describe-task-definition < <(a_definition 8 "$repository:unreleased")
    if [[ ${1-} == there ]]; then
        answer aws ecr batch-get-image <<<'{"images": [{"imageId": {"imageDigest": "sha256:there"}}], "failures": []}'
    else
        answer aws ecr batch-get-image <<<'{"images": [], "failures": [{"failureCode": "ImageNotFound"}]}'
        answer make audit
        answer cargo tree <<<$'service v0.1.0 (/x)\tApache-2.0'
    fi
    answer aws ecr batch-get-image <<<'{"images": [{"imageManifest": "{}"}]}'
    answer aws ecr describe-images < <(jq -n --argjson counts "${FINDINGS:-null}" '{imageDetails: [{imageScanStatus: {status: "COMPLETE"},
        imageScanFindingsSummary: {findingSeverityCounts: $counts}}]}')
}

# deployment [COMMIT that runs]
deployment() {
    answer aws ecs describe-services < <(a_service 7)
    answer --when service:7 aws ecs describe-task-definition < <(a_definition 7 "$repository@sha256:old" "${1:+vcs.ref.head.revision=$1}")
    answer --when '--include TAGS' aws ecs describe-task-definition < <(a_definition 8 "$repository:unreleased")
    answer aws ecs register-task-definition < <(a_definition 9 x)
    answer aws ecs update-service < <(a_service 9 IN_PROGRESS)
    answer aws ecs describe-services < <(a_service 9)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 9 9)
    answer aws ecs describe-services < <(a_service 9)
}

verified() {
    answer curl < <(printf '\n200')
    answer curl < <(printf '\n201')
    answer curl < <(printf '{"name":"created by a deployment"}\n200')
    answer curl < <(printf '\n200')
    answer curl < <(printf '{"name":"updated by a deployment"}\n200')
    answer curl < <(printf '\n200')
    answer curl < <(printf '\n404')
}

@test "a push: built, scanned, deployed, verified" {
    image
    deployment
    verified
    run -0 workflow service-deploy.yml push "${variables[@]}"
    [[ $(<"$DOUBLES/builds") == "service/Dockerfile linux/arm64 $repository:$COMMIT" ]]
    input aws ecs register-task-definition | jq -e --arg image "$repository@sha256:built" --arg commit "$COMMIT" \
        '.containerDefinitions[0] | .image == $image and any(.environment[]; .value == "vcs.ref.head.revision=\($commit)")'
    [[ $(calls aws ecs update-service) == *"'--cluster' 'marketboro-dev' '--service' 'marketboro-dev-service'"* ]]
    [[ $(sort -u "$DOUBLES/roles") == arn:aws:iam::123456789012:role/deploy ]]
}

@test "a service that does not do what it should is rolled back, and the run fails" {
    image
    deployment
    answer curl < <(printf '\n200')
    answer curl < <(printf '{"error":"broken"}\n500')
    answer curl < <(printf '\n404')
    answer aws ecs describe-services < <(a_service 9)
    answer aws ecs describe-task-definition < <(a_definition 7 "$repository@sha256:old")
    answer aws ecs update-service < <(a_service 7 IN_PROGRESS 9)
    answer aws ecs describe-services < <(a_service 7)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 7 7)
    answer aws ecs describe-services < <(a_service 7)
    run -1 workflow service-deploy.yml push "${variables[@]}"
    has 'POST /items was answered with 500 instead of 201'
    has 'The service is back on marketboro-dev-service:7'
    [[ $(calls aws ecs update-service | tail -n 1) == *"'$DEFINITIONS:7'"* ]]
}

@test "an image with something critical is not deployed" {
    FINDINGS='{"CRITICAL": 1}' image
    run -1 workflow service-deploy.yml push "${variables[@]}"
    has 'ECR found critical or high vulnerabilities'
    [[ $(call_count aws ecs update-service) == 0 ]]
}

@test "crates that an advisory is about are not built" {
    answer aws ecs describe-task-definition < <(a_definition 8 "$repository:unreleased")
    answer aws ecr batch-get-image <<<'{"images": [], "failures": [{"failureCode": "ImageNotFound"}]}'
    answer --always --status 2 make audit
    run -1 workflow service-deploy.yml push "${variables[@]}"
    [[ ! -e $DOUBLES/builds && $(call_count aws ecs update-service) == 0 ]]
}

@test "what an earlier run built is deployed as it is" {
    image there
    deployment
    verified
    run -0 workflow service-deploy.yml push "${variables[@]}"
    [[ ! -e $DOUBLES/builds ]]
    input aws ecs register-task-definition | jq -e --arg image "$repository@sha256:there" '.containerDefinitions[0].image == $image'
}

@test "a later commit that runs already stays, and nothing is verified or rolled back" {
    earlier=$COMMIT
    a_commit 'The second'
    later=$COMMIT
    git -C "$CHECKOUT_SOURCE" branch -q later
    git -C "$CHECKOUT_SOURCE" reset -q --hard "$earlier"
    image there
    answer aws ecs describe-services < <(a_service 7)
    answer aws ecs describe-task-definition < <(a_definition 7 x "vcs.ref.head.revision=$later")
    run -0 workflow service-deploy.yml push "${variables[@]}"
    has 'the later commit'
    [[ $(call_count aws ecs update-service) == 0 && $(call_count curl) == 0 ]]
}

@test "by hand, back to an earlier commit" {
    earlier=$COMMIT
    a_commit 'The second'
    image there
    deployment "$COMMIT"
    verified
    INPUTS="{\"commit\": \"$earlier\"}" run -0 workflow service-deploy.yml workflow_dispatch "${variables[@]}"
    [[ $(calls aws ecr batch-get-image | head -n 1) == *"imageTag=$earlier"* ]]
    [[ $(call_count aws ecs update-service) == 1 ]]
}

@test "a fork that has no AWS runs nothing" {
    run -0 workflow service-deploy.yml push
    [[ -z $(calls_of) ]]
}
