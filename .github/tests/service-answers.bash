# shellcheck shell=bash
# Loaded by tests beside it: what ECS answers about the service, as the AWS command line prints it.

export DEFINITIONS=arn:aws:ecs:ap-northeast-2:123456789012:task-definition/marketboro-dev-service
export REGISTRY=123456789012.dkr.ecr.ap-northeast-2.amazonaws.com

# a_definition REVISION IMAGE [ATTRIBUTES]: an answer of describe-task-definition.
a_definition() {
    jq -n --arg arn "$DEFINITIONS:$1" --argjson revision "$1" --arg image "$2" --arg attributes "${3-}" '{
        taskDefinition: {
            taskDefinitionArn: $arn, family: "marketboro-dev-service", revision: $revision, status: "ACTIVE",
            networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], compatibilities: ["EC2", "FARGATE"],
            cpu: "512", memory: "1024", runtimePlatform: {cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX"},
            taskRoleArn: "arn:aws:iam::123456789012:role/marketboro-dev-service-task",
            executionRoleArn: "arn:aws:iam::123456789012:role/marketboro-dev-service-execution",
            requiresAttributes: [{name: "com.amazonaws.ecs.capability.task-iam-role"}],
            registeredAt: "2026-11-20T10:00:00+00:00", registeredBy: "arn:aws:sts::123456789012:assumed-role/x/y",
            volumes: [], placementConstraints: [],
            containerDefinitions: [{
                name: "service", image: $image, essential: true, cpu: 0, user: "10001:10001", readonlyRootFilesystem: true,
                portMappings: [{containerPort: 8080, hostPort: 8080, protocol: "tcp"}], mountPoints: [], volumesFrom: [],
                environment: ([{name: "TABLE_NAME", value: "marketboro-dev-items"}, {name: "STORE", value: "dynamodb"}]
                    + if $attributes == "" then [] else [{name: "OTEL_RESOURCE_ATTRIBUTES", value: $attributes}] end),
                secrets: [{name: "WRITE_TOKEN", valueFrom: "arn:aws:ssm:ap-northeast-2:123456789012:parameter/x"}],
                logConfiguration: {logDriver: "awslogs", options: {
                    "awslogs-group": "/marketboro/dev/service", "awslogs-region": "ap-northeast-2",
                    "awslogs-stream-prefix": "service"}}
            }]
        },
        tags: [{key: "Project", value: "marketboro"}]
    }'
}

# a_service PRIMARY [STATE] [OTHER...]: an answer of describe-services: the revision that is primary, its rollout state,
# and revisions that still run beside it.
a_service() {
    local primary=$1 rollout=${2:-COMPLETED}
    shift $(($# < 2 ? $# : 2))
    jq -n --arg family "$DEFINITIONS" --arg primary "$primary" --arg rollout "$rollout" '{
        services: [{
            serviceName: "marketboro-dev-service", status: "ACTIVE", desiredCount: 2, runningCount: 2,
            taskDefinition: "\($family):\($primary)",
            deployments: ([{status: "PRIMARY", taskDefinition: "\($family):\($primary)", rolloutState: $rollout,
                    desiredCount: 2, runningCount: (if $rollout == "COMPLETED" then 2 else 1 end), failedTasks: 0}]
                + ($ARGS.positional | map({status: "ACTIVE", taskDefinition: "\($family):\(.)", rolloutState: "COMPLETED",
                    desiredCount: 2, runningCount: 1}))),
            events: [{createdAt: "2026-11-20T10:00:00+00:00", message: "(service marketboro-dev-service) deregistered 1 targets"}]
        }],
        failures: []
    }' --args "$@"
}

# tasks_of REVISION...: an answer of describe-tasks, a running task for each.
tasks_of() {
    jq -n --arg family "$DEFINITIONS" '{failures: [], tasks: [$ARGS.positional | to_entries[] | {
        taskArn: "arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/task\(.key)",
        taskDefinitionArn: "\($family):\(.value)", lastStatus: "RUNNING", containers: [{name: "service"}]}]}' --args "$@"
}

# task_arns COUNT: an answer of list-tasks.
task_arns() {
    jq -n --argjson count "$1" '{taskArns: [range($count) | "arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/task\(.)"]}'
}

# stopped_task REVISION: an answer of describe-tasks about one that did not stay up.
stopped_task() {
    jq -n --arg arn "$DEFINITIONS:$1" '{failures: [], tasks: [{
        taskArn: "arn:aws:ecs:ap-northeast-2:123456789012:task/marketboro-dev/dead", taskDefinitionArn: $arn,
        lastStatus: "STOPPED", stoppedReason: "Essential container in task exited",
        containers: [{name: "service", exitCode: 1}]}]}'
}
