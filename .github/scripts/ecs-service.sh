# shellcheck shell=bash
# Sourced by the scripts beside it, after aws.sh: what the ECS service SERVICE of CLUSTER runs, and waiting for a
# deployment.

# service_state: the service as ECS describes it.
service_state() {
    local answer
    answer=$(aws_call ecs describe-services --cluster "$CLUSTER" --services "$SERVICE") || return
    jq -e '.services[0] | select(.status == "ACTIVE")' <<<"$answer" || {
        annotation error "There is no service $SERVICE in the cluster $CLUSTER: apply root instance first" \
            "(docs/deploy.md)."
        return 1
    }
}

# primary_definition STATE: the task definition that ECS brings up or keeps up.
primary_definition() {
    jq -r '.deployments[] | select(.status == "PRIMARY") | .taskDefinition' <<<"$1"
}

# short_definition ARN: family and revision.
short_definition() {
    printf '%s' "${1##*/}"
}

# commit_of DEFINITION: the commit that render-task-definition put into it; nothing where there is none. DEFINITION is
# an answer of describe-task-definition.
commit_of() {
    jq -r '[.taskDefinition.containerDefinitions[].environment[]? | select(.name == "OTEL_RESOURCE_ATTRIBUTES") | .value
        | split(",")[] | select(startswith("vcs.ref.head.revision=")) | split("=")[1]] | first // ""' <<<"$1"
}

# await_deployment ARN: waits, POLLS times POLL_SECONDS, until ARN is all that the service runs. Status 0 then; 2 when
# ECS went back to another; 3 when ECS gave up; 4 when time is up; 5 when somebody else deployed meanwhile. Status 1:
# ECS cannot be asked.
await_deployment() {
    local wanted=$1 poll state primary rollout line last='' silent=0
    for ((poll = 0; poll < ${POLLS:-90}; poll++)); do
        ((poll == 0)) || sleep "${POLL_SECONDS:-10}"
        # A minute without an answer is no verdict on the deployment.
        if ! state=$(service_state); then
            ((++silent < 6)) || return 1
            continue
        fi
        silent=0
        primary=$(primary_definition "$state")
        if [[ $primary != "$wanted" ]]; then
            ((${primary##*:} > ${wanted##*:})) && return 5
            return 2
        fi
        rollout=$(jq -r '.deployments[] | select(.status == "PRIMARY") | .rolloutState // "IN_PROGRESS"' <<<"$state")
        line=$(jq -r '.deployments[] | select(.status == "PRIMARY")
            | "\(.runningCount) of \(.desiredCount) tasks run, \(.failedTasks // 0) failed"' <<<"$state")
        [[ $line == "$last" ]] || printf '%s: %s\n' "$(short_definition "$wanted")" "$line"
        last=$line
        case $rollout in
            FAILED) return 3 ;;
            COMPLETED) jq -e '.deployments | length == 1' <<<"$state" >/dev/null && return 0 ;;
        esac
    done
    return 4
}

# check_running_tasks ARN: whether every task of the service is of this definition, and as many run as should. A
# rollback looks as stable as what it rolled back.
check_running_tasks() {
    local wanted=$1 poll list tasks state desired others running
    for ((poll = 0; poll < 6; poll++)); do
        ((poll == 0)) || sleep "${POLL_SECONDS:-10}"
        list=$(aws_call ecs list-tasks --cluster "$CLUSTER" --service-name "$SERVICE" --desired-status RUNNING) || continue
        mapfile -t tasks < <(jq -r '.taskArns[]' <<<"$list")
        ((${#tasks[@]} > 0)) || continue
        # It describes a hundred at a time at most.
        list=$(aws_call ecs describe-tasks --cluster "$CLUSTER" --tasks "${tasks[@]:0:100}") || continue
        state=$(service_state) || continue
        desired=$(jq .desiredCount <<<"$state")
        others=$(jq --arg wanted "$wanted" '[.tasks[] | select(.taskDefinitionArn != $wanted)] | length' <<<"$list")
        running=$(jq --arg wanted "$wanted" '[.tasks[] | select(.taskDefinitionArn == $wanted and .lastStatus == "RUNNING")] | length' <<<"$list")
        ((others == 0 && running > 0 && running >= (desired < 100 ? desired : 100))) && return 0
    done
    annotation error "ECS calls the deployment complete, but not all that runs is $(short_definition "$wanted")" \
        "(${running:-0} of ${desired:-?} tasks are, ${others:-?} are of another revision)."
    return 1
}

# explain_failure ARN: into the summary, why tasks of this definition do not stay up: the service's events, why tasks
# stopped, what they said last. What cannot be had is left out. Not into the job's log, where a line of the service's
# that begins like a command to the runner would be one.
explain_failure() {
    local wanted=$1 state list tasks stopped task group stream definition
    {
        printf '### Why %s did not come up\n\n' "$(short_definition "$wanted")"
        if state=$(service_state); then
            printf 'Events of the service, the newest first:\n\n```\n'
            jq -r '.events[:10][] | "\(.createdAt) \(.message)"' <<<"$state"
            printf '```\n\n'
        fi
        list=$(aws_call ecs list-tasks --cluster "$CLUSTER" --service-name "$SERVICE" --desired-status STOPPED) || return 0
        mapfile -t tasks < <(jq -r '.taskArns[:20][]' <<<"$list")
        ((${#tasks[@]} > 0)) || return 0
        list=$(aws_call ecs describe-tasks --cluster "$CLUSTER" --tasks "${tasks[@]}") || return 0
        stopped=$(jq -c --arg wanted "$wanted" '[.tasks[] | select(.taskDefinitionArn == $wanted)]' <<<"$list")
        printf 'Tasks that stopped:\n\n```\n'
        jq -r '.[] | "\(.taskArn | split("/") | last): \(.stoppedReason // "no reason given")"
            + ([.containers[]? | "\n  \(.name): exit status \(.exitCode // "none") \(.reason // "")"] | join(""))' <<<"$stopped"
        printf '```\n\n'
        task=$(jq -r 'first | .taskArn // "" | split("/") | last // ""' <<<"$stopped")
        [[ -n $task ]] || return 0
        definition=$(aws_call ecs describe-task-definition --task-definition "$wanted") || return 0
        group=$(jq -r '.taskDefinition.containerDefinitions[0].logConfiguration.options["awslogs-group"] // ""' <<<"$definition")
        stream=$(jq -r '.taskDefinition.containerDefinitions[0] | "\(.logConfiguration.options["awslogs-stream-prefix"])/\(.name)"' <<<"$definition")/$task
        [[ -n $group ]] || return 0
        list=$(aws_call logs get-log-events --log-group-name "$group" --log-stream-name "$stream" --limit 20) || return 0
        # Four backticks and more would end the block.
        printf 'The last lines of %s:\n\n````\n' "$task"
        jq -r '.events[].message[:500] | gsub("`{3,}"; "```")' <<<"$list"
        printf '````\n\n'
    } | summary
}
