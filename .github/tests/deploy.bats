#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
# deploy-service and roll-back-service against a double of AWS.

setup() {
    load doubles
    load service-answers
    job deploy
    double aws
    export CLUSTER=marketboro-dev SERVICE=marketboro-dev-service CONTAINER=service POLLS=4
    export IMAGE=$REGISTRY/marketboro-dev-service@sha256:new COMMIT=2222222222222222222222222222222222222222
    old=$REGISTRY/marketboro-dev-service@sha256:old
    old_commit=1111111111111111111111111111111111111111
}

teardown() {
    doubles_are_done
}

# What comes before ECS is waited for: 7 runs, Terraform has made 8, 9 is registered.
until_update() {
    answer aws ecs describe-services < <(a_service 7)
    answer --when service:7 aws ecs describe-task-definition < <(a_definition 7 "$old" "deployment.environment.name=dev,vcs.ref.head.revision=$old_commit")
    answer --when '--include TAGS' aws ecs describe-task-definition < <(a_definition 8 "$REGISTRY/marketboro-dev-service:unreleased" deployment.environment.name=dev)
    answer aws ecs register-task-definition < <(a_definition 9 "$IMAGE")
    answer aws ecs update-service < <(a_service 9 IN_PROGRESS 7)
}

# What explain_failure asks.
reasons() {
    answer aws ecs describe-services < <(a_service "$1" IN_PROGRESS 7)
    answer --when STOPPED aws ecs list-tasks < <(task_arns 1)
    answer aws ecs describe-tasks < <(stopped_task 9)
    answer --when service:9 aws ecs describe-task-definition < <(a_definition 9 "$IMAGE")
    answer aws logs get-log-events <<<'{"events": [{"message": "error: --table: there is no table"}, {"message": "::error::x ````"}]}'
}

@test "a deployment that comes up" {
    until_update
    answer aws ecs describe-services < <(a_service 9 IN_PROGRESS 7)
    # Complete, and the old tasks still draining.
    answer aws ecs describe-services < <(a_service 9 COMPLETED 7)
    answer aws ecs describe-services < <(a_service 9)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 9 9)
    answer aws ecs describe-services < <(a_service 9)
    run -0 "$SCRIPTS/deploy-service"
    grep -qx "outcome=deployed" "$GITHUB_OUTPUT"
    grep -qx "previous=$DEFINITIONS:7" "$GITHUB_OUTPUT"
    grep -qx "current=$DEFINITIONS:9" "$GITHUB_OUTPUT"
    [[ $(calls aws ecs update-service) == *"'--task-definition' '$DEFINITIONS:9'"* ]]
    grep -q "commit\` = \`$old_commit" "$GITHUB_STEP_SUMMARY"
}

@test "what is registered is Terraform's latest task with the new image" {
    until_update
    answer --always aws ecs describe-services < <(a_service 9)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 9 9)
    run -0 "$SCRIPTS/deploy-service"
    diff <(input aws ecs register-task-definition | jq -S .) <(a_definition 8 "$IMAGE" | jq -S '
        .tags as $tags | .taskDefinition | .tags = $tags
        | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy)
        | .containerDefinitions[0].environment = [
            {name: "OTEL_RESOURCE_ATTRIBUTES",
             value: "deployment.environment.name=dev,vcs.ref.head.revision=2222222222222222222222222222222222222222"},
            {name: "STORE", value: "dynamodb"}, {name: "TABLE_NAME", value: "marketboro-dev-items"}]')
}

@test "a deployment that never stabilises" {
    until_update
    for _ in 1 2 3 4; do
        answer aws ecs describe-services < <(a_service 9 IN_PROGRESS 7)
    done
    reasons 9
    run -1 "$SCRIPTS/deploy-service"
    has '::error::marketboro-dev-service:9 is not stable after'
    grep -q 'Essential container in task exited' "$GITHUB_STEP_SUMMARY"
    grep -q 'exit status 1' "$GITHUB_STEP_SUMMARY"
    grep -q 'error: --table: there is no table' "$GITHUB_STEP_SUMMARY"
    [[ $output != *'::error::x'* ]]
    grep -qx "previous=$DEFINITIONS:7" "$GITHUB_OUTPUT"
    run ! grep -q outcome "$GITHUB_OUTPUT"
}

@test "a rollback by ECS's circuit breaker, which looks stable" {
    until_update
    answer aws ecs describe-services < <(a_service 9 IN_PROGRESS 7)
    answer aws ecs describe-services < <(a_service 7)
    reasons 7
    answer aws ecs describe-services < <(a_service 7)
    run -1 "$SCRIPTS/deploy-service"
    has 'ECS went back to marketboro-dev-service:7'
    has "$COMMIT is not live"
}

@test "a rollback that ends between the last look and the tasks" {
    until_update
    answer aws ecs describe-services < <(a_service 9)
    answer --always --when RUNNING aws ecs list-tasks < <(task_arns 2)
    # As many as should run, and one of the revision that ECS goes back to.
    answer aws ecs describe-tasks < <(tasks_of 9 9 7)
    answer aws ecs describe-services < <(a_service 7)
    for _ in 1 2 3 4 5; do
        answer aws ecs describe-tasks < <(tasks_of 7 7)
        answer aws ecs describe-services < <(a_service 7)
    done
    reasons 7
    run -1 "$SCRIPTS/deploy-service"
    has 'not all that runs is marketboro-dev-service:9 (0 of 2 tasks are, 2 are of another revision)'
}

@test "ECS gives up" {
    until_update
    answer aws ecs describe-services < <(a_service 9 FAILED 7)
    reasons 9
    run -1 "$SCRIPTS/deploy-service"
    has 'ECS gave up on marketboro-dev-service:9'
}

@test "no tasks at all are no deployment" {
    until_update
    answer --always aws ecs describe-services < <(a_service 9)
    answer --always aws ecs list-tasks <<<'{"taskArns": []}'
    run -1 "$SCRIPTS/deploy-service"
    has 'marketboro-dev-service:9 is not what runs'
}

@test "two pushes at once: somebody else's later deployment is left alone" {
    until_update
    answer aws ecs describe-services < <(a_service 10 IN_PROGRESS 9)
    run -1 "$SCRIPTS/deploy-service"
    has 'Somebody else deployed a later revision'
    answer aws ecs describe-services < <(a_service 10)
    PREVIOUS=$DEFINITIONS:7 CURRENT=$DEFINITIONS:9 run -0 "$SCRIPTS/roll-back-service"
    has 'marketboro-dev-service:10'
    [[ $(call_count aws ecs update-service) == 1 ]]
}

@test "two pushes at once: the earlier commit does not replace the later one" {
    git init -q -b main .
    git -c user.name=t -c user.email=t@t commit -q --allow-empty -m earlier
    earlier=$(git rev-parse HEAD)
    git -c user.name=t -c user.email=t@t commit -q --allow-empty -m later
    later=$(git rev-parse HEAD)
    answer aws ecs describe-services < <(a_service 7)
    answer aws ecs describe-task-definition < <(a_definition 7 "$old" "vcs.ref.head.revision=$later")
    COMMIT=$earlier run -0 "$SCRIPTS/deploy-service"
    has "the later commit $later runs already"
    [[ $(<"$GITHUB_OUTPUT") == outcome=superseded ]]
    [[ $(call_count aws ecs update-service) == 0 ]]

    # By hand, to go back.
    old_commit=$later
    until_update
    answer --always aws ecs describe-services < <(a_service 9)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 9 9)
    COMMIT=$earlier ANY_ORDER=true run -0 "$SCRIPTS/deploy-service"
}

@test "a missing permission says who mends it" {
    answer aws ecs describe-services < <(a_service 7)
    answer --always aws ecs describe-task-definition < <(a_definition 7 "$old")
    answer --status 254 --error 'An error occurred (AccessDeniedException) when calling the RegisterTaskDefinition operation: User is not authorized to perform: iam:PassRole' aws ecs register-task-definition
    run -1 "$SCRIPTS/deploy-service"
    has 'role call "ecs register-task-definition". An administrator applies root back'
    [[ ! -s $GITHUB_OUTPUT ]]
}

@test "ECS that is silent for a moment is waited for, for longer is not" {
    until_update
    for _ in 1 2; do
        answer --status 255 --error 'Could not connect to the endpoint URL' aws ecs describe-services
    done
    answer --always aws ecs describe-services < <(a_service 9)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 9 9)
    run -0 "$SCRIPTS/deploy-service"
    rm -r "$DOUBLES/answers"
    mkdir "$DOUBLES/answers"
    until_update
    answer --always --status 255 --error 'Could not connect to the endpoint URL' aws ecs describe-services
    POLLS=20 run -1 "$SCRIPTS/deploy-service"
    has 'ECS did not say how the deployment of marketboro-dev-service:9 goes'
}

@test "no service, no container, no setting" {
    answer --always aws ecs describe-services <<<'{"services": [], "failures": [{"reason": "MISSING"}]}'
    run -1 "$SCRIPTS/deploy-service"
    has 'apply root instance first'
    CONTAINER=other run -1 "$SCRIPTS/render-task-definition" < <(a_definition 1 x)
    has 'has no container other'
    unset IMAGE
    run -1 "$SCRIPTS/deploy-service"
    has 'IMAGE is not set'
}

@test "roll back: the service still is on what failed" {
    export PREVIOUS=$DEFINITIONS:7 CURRENT=$DEFINITIONS:9
    answer aws ecs describe-services < <(a_service 9 IN_PROGRESS 7)
    answer aws ecs describe-task-definition < <(a_definition 7 "$old" "vcs.ref.head.revision=$old_commit")
    answer aws ecs update-service < <(a_service 7 IN_PROGRESS 9)
    answer --always aws ecs describe-services < <(a_service 7)
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 7 7)
    run -0 "$SCRIPTS/roll-back-service"
    has "back on marketboro-dev-service:7 (commit $old_commit)"
    [[ $(calls aws ecs update-service) == *"'--task-definition' '$DEFINITIONS:7'"* ]]
}

@test "roll back: ECS did it already" {
    export PREVIOUS=$DEFINITIONS:7 CURRENT=$DEFINITIONS:9
    answer --always aws ecs describe-services < <(a_service 7)
    answer aws ecs describe-task-definition < <(a_definition 7 "$old")
    answer aws ecs list-tasks < <(task_arns 2)
    answer aws ecs describe-tasks < <(tasks_of 7 7)
    run -0 "$SCRIPTS/roll-back-service"
    [[ $(call_count aws ecs update-service) == 0 ]]
}

@test "roll back: after the first deployment there is nothing to go back to" {
    export PREVIOUS=$DEFINITIONS:1 CURRENT=$DEFINITIONS:2
    answer aws ecs describe-services < <(a_service 2 IN_PROGRESS)
    answer aws ecs describe-task-definition < <(a_definition 1 "$REGISTRY/marketboro-dev-service:unreleased")
    run -1 "$SCRIPTS/roll-back-service"
    has 'this was the first deployment'
    [[ $(call_count aws ecs update-service) == 0 ]]
}

@test "roll back: it does not come up either" {
    export PREVIOUS=$DEFINITIONS:7 CURRENT=$DEFINITIONS:9
    answer aws ecs describe-services < <(a_service 9)
    answer aws ecs describe-task-definition < <(a_definition 7 "$old")
    answer aws ecs update-service < <(a_service 7 IN_PROGRESS 9)
    for _ in 1 2 3 4 5; do
        answer aws ecs describe-services < <(a_service 7 IN_PROGRESS 9)
    done
    answer aws ecs list-tasks <<<'{"taskArns": []}'
    run -1 "$SCRIPTS/roll-back-service"
    has 'could not be brought back'
}
