#!/usr/bin/env bats
# What ami.yml does with the image of the monitor host, and with the host.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

setup() {
    load doubles
    job image
    double aws packer
    export ARCHITECTURE=arm64 GROUP=marketboro-dev-monitor KEEP=2
}

teardown() {
    doubles_are_done
}

# ---- build -----------------------------------------------------------------------------------------------------------

payload() {
    export COMMIT=0123456789abcdef0123456789abcdef01234567 PAYLOAD=$PWD/payload
    mkdir -p payload ami
}

manifest() { # IMAGE...: what Packer leaves, the last one being of this run
    jq -n '{builds: [$ARGS.positional[] | {artifact_id: "ap-northeast-2:\(.)", packer_run_uuid: .}], last_run_uuid: $ARGS.positional[-1]}' \
        --args "$@" >laid
    # The double of packer writes nothing, so one beside it does.
    printf '#!/usr/bin/env bash\n[[ $1 != build ]] || cp laid ami/manifest.json\nexec "$DOUBLES/bin/packer" "$@"\n' >packer
    chmod +x packer
}

@test "the image of this build is handed on" {
    payload
    manifest ami-00000000000000001 ami-0123456789abcdef0
    answer packer init ami
    answer packer build
    answer aws ec2 describe-images <<<'{"Images": [{"Name": "marketboro-monitor-arm64-20300131", "State": "available"}]}'
    PATH=$PWD:$PATH run -0 "$SCRIPTS/ami-build"
    [[ $(out image_id) == ami-0123456789abcdef0 && $(out image_name) == marketboro-monitor-arm64-20300131 ]]
    [[ $(calls packer build) == *"'-var' 'region=ap-northeast-2' '-var' 'architecture=arm64' '-var' 'source_commit=$COMMIT' '-var' 'payload=$PAYLOAD' 'ami'" ]]
}

@test "a subnet is handed to Packer where there is one" {
    payload
    manifest ami-0123456789abcdef0
    answer packer init ami
    answer packer build
    answer aws ec2 describe-images <<<'{"Images": [{"Name": "marketboro-monitor-arm64-1", "State": "available"}]}'
    SUBNET_ID=subnet-1 PATH=$PWD:$PATH run -0 "$SCRIPTS/ami-build"
    [[ $(calls packer build) == *"'subnet_id=subnet-1' 'ami'" ]]
}

@test "plugins are asked for again, a build is not" {
    payload
    answer --status 1 packer init ami
    answer packer init ami
    answer --status 1 packer build
    run -1 "$SCRIPTS/ami-build"
    has 'No image was built'
    [[ -z $(out image_id) ]]
}

@test "an image that Terraform would not find is no success" {
    payload
    manifest ami-0123456789abcdef0
    answer packer init ami
    answer packer build
    answer aws ec2 describe-images <<<'{"Images": [{"Name": "monitor-arm64-1", "State": "available"}]}'
    PATH=$PWD:$PATH run -1 "$SCRIPTS/ami-build"
    has 'which root monitor-instance looks for'
    [[ -z $(out image_id) ]]
}

@test "a manifest of an earlier build counts for nothing" {
    payload
    echo '{"builds": [{"artifact_id": "ap-northeast-2:ami-00000000000000001", "packer_run_uuid": "a"}], "last_run_uuid": "a"}' >ami/manifest.json
    answer packer init ami
    answer packer build
    run -1 "$SCRIPTS/ami-build"
    has 'ami/manifest.json names no image'
}

@test "machines of builds that were ended by force are ended, others are left" {
    answer aws ec2 describe-instances <<<"{\"Reservations\": [{\"Instances\": [
        {\"InstanceId\": \"i-old\", \"LaunchTime\": \"2020-01-31T00:00:00+00:00\"},
        {\"InstanceId\": \"i-now\", \"LaunchTime\": \"$(date -u -d '-100 minutes' +%Y-%m-%dT%H:%M:%S)+00:00\"}]}]}"
    answer aws ec2 terminate-instances <<<'{}'
    run -0 "$SCRIPTS/ami-leftovers"
    [[ $(calls aws ec2 terminate-instances) == *"'--instance-ids' 'i-old' '--output'"* ]]
    answer aws ec2 describe-instances <<<'{"Reservations": []}'
    run -0 "$SCRIPTS/ami-leftovers"
    answer aws ec2 describe-instances <<<'{"Reservations": [{"Instances": [{"InstanceId": "i-old", "LaunchTime": "2020-01-31T00:00:00+00:00"}]}]}'
    answer --status 254 --error 'An error occurred (UnauthorizedOperation)' aws ec2 terminate-instances
    run -1 "$SCRIPTS/ami-leftovers"
    has 'Terminate them in EC2'
}

# ---- prune -----------------------------------------------------------------------------------------------------------

images() { # NUMBER...: their age in days
    jq -n '{Images: [$ARGS.positional[] | {Name: "marketboro-monitor-arm64-\(.)", ImageId: "ami-\(.)",
        CreationDate: "2030-01-\(31 - (. | tonumber))T00:00:00.000Z"}]}' --args "$@"
}

nothing_else_uses() {
    answer aws ec2 describe-instances <<<"${1-"{\"Reservations\": []}"}"
    answer aws autoscaling describe-auto-scaling-groups <<<"${2-"{\"AutoScalingGroups\": []}"}"
    answer aws ec2 describe-launch-templates <<<"${3-"{\"LaunchTemplates\": []}"}"
}

@test "the last images stay, older ones go with their snapshots" {
    answer aws ec2 describe-images <<<"$(images 3 1 12 2)"
    nothing_else_uses
    answer --when 'ami-12' aws ec2 deregister-image <<<'{"Return": true, "DeleteSnapshotResults": [{"SnapshotId": "snap-1", "ReturnCode": "success"}]}'
    answer --when 'ami-3' aws ec2 deregister-image <<<'{"Return": true, "DeleteSnapshotResults": []}'
    run -0 "$SCRIPTS/ami-prune"
    [[ $(calls aws ec2 deregister-image) == *"'--delete-associated-snapshots'"* ]]
    grep -q '2 are kept, 2 deleted' "$GITHUB_STEP_SUMMARY"
}

@test "what an instance, a launch template or a group uses stays, however old" {
    answer aws ec2 describe-images <<<"$(images 1 2 3 4 5 6 7)"
    nothing_else_uses '{"Reservations": [{"Instances": [{"ImageId": "ami-4"}]}]}' \
        '{"AutoScalingGroups": [{"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "7"}, "Instances": []}]}' \
        '{"LaunchTemplates": [{"LaunchTemplateId": "lt-1"}, {"LaunchTemplateId": "lt-2"}]}'
    answer --when lt-1 aws ec2 describe-launch-template-versions <<<'{"LaunchTemplateVersions": [
        {"LaunchTemplateData": {"ImageId": "ami-5"}}, {"LaunchTemplateData": {"ImageId": "ami-1"}}]}'
    answer --when lt-2 aws ec2 describe-launch-template-versions <<<'{"LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": "ami-6"}}, {"LaunchTemplateData": {}}]}'
    answer --when 'ami-3' aws ec2 deregister-image <<<'{}'
    answer --when 'ami-7' aws ec2 deregister-image <<<'{}'
    run -0 "$SCRIPTS/ami-prune"
    [[ $(calls aws ec2 describe-launch-template-versions) == *"'lt-1' '--versions' '\$Default' '\$Latest' '7'"* ]]
    [[ $(call_count aws ec2 deregister-image) == 2 ]]
}

@test "where it cannot be known what is used, nothing is deleted" {
    answer aws ec2 describe-images <<<"$(images 1 2 3 4)"
    answer --status 254 --error 'An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation' aws ec2 describe-instances
    run -1 "$SCRIPTS/ami-prune"
    has 'terraform/modules/github-permissions'
    [[ $(call_count aws ec2 deregister-image) == 0 ]]
}

@test "one image that cannot be deleted does not keep the others" {
    answer aws ec2 describe-images <<<"$(images 1 2 3 4)"
    nothing_else_uses
    answer --when 'ami-3' --status 254 --error 'An error occurred (OperationNotPermitted): protected' aws ec2 deregister-image
    answer --when 'ami-4' aws ec2 deregister-image <<<'{"DeleteSnapshotResults": [{"SnapshotId": "snap-9", "ReturnCode": "client-error"}]}'
    run -1 "$SCRIPTS/ami-prune"
    has '1 images could not be deleted'
    has 'delete the snapshots snap-9 by hand'
}

@test "to keep no image is refused" {
    KEEP=0 run -1 "$SCRIPTS/ami-prune"
    has 'KEEP is "0"'
}

# ---- refresh ---------------------------------------------------------------------------------------------------------

group() { # INSTANCE
    answer aws autoscaling describe-auto-scaling-groups <<<"{\"AutoScalingGroups\": [{\"Instances\": [{\"InstanceId\": \"$1\", \"LifecycleState\": \"InService\"}]}]}"
}

host() { # IMAGE
    answer aws ec2 describe-instances <<<"{\"Reservations\": [{\"Instances\": [{\"ImageId\": \"$1\"}]}]}"
}

refreshes() { # STATUS...
    local status
    for status; do
        answer aws autoscaling describe-instance-refreshes <<<"{\"InstanceRefreshes\": [{\"InstanceRefreshId\": \"r\", \"Status\": \"$status\", \"StatusReason\": \"because\"}]}"
    done
}

@test "the host is replaced, and what it was and is is said" {
    group i-1
    host ami-old
    refreshes Successful
    answer aws autoscaling start-instance-refresh <<<'{"InstanceRefreshId": "r-2"}'
    refreshes Pending InProgress Successful
    group i-2
    host ami-new
    run -0 "$SCRIPTS/monitor-refresh"
    grep -q 'it was of `ami-old` and is of `ami-new`' "$GITHUB_STEP_SUMMARY"
    [[ $(out previous_image_id) == ami-old ]]
    [[ $(calls aws autoscaling start-instance-refresh) == *'"MinHealthyPercentage": 0'* ]]
}

@test "a refresh of somebody else's is waited for" {
    group i-1
    host ami-old
    refreshes InProgress Cancelled
    answer aws autoscaling start-instance-refresh <<<'{"InstanceRefreshId": "r-2"}'
    refreshes Successful
    group i-2
    host ami-new
    run -0 "$SCRIPTS/monitor-refresh"
}

@test "a refresh that fails says which image to go back to" {
    group i-1
    host ami-old
    answer aws autoscaling describe-instance-refreshes <<<'{"InstanceRefreshes": []}'
    answer aws autoscaling start-instance-refresh <<<'{"InstanceRefreshId": "r-2"}'
    refreshes InProgress Failed
    run -1 "$SCRIPTS/monitor-refresh"
    has 'ended as Failed: because. To go back, set image_id of monitor-instance to ami-old'
}

@test "a refresh that never ends is cancelled" {
    group i-1
    host ami-old
    answer aws autoscaling describe-instance-refreshes <<<'{"InstanceRefreshes": []}'
    answer aws autoscaling start-instance-refresh <<<'{"InstanceRefreshId": "r-2"}'
    export POLLS=5
    answer --always aws autoscaling describe-instance-refreshes <<<'{"InstanceRefreshes": [{"Status": "InProgress"}]}'
    answer aws autoscaling cancel-instance-refresh <<<'{}'
    run -1 "$SCRIPTS/monitor-refresh"
    has 'the refresh is cancelled'
    has 'ami-old'
}

@test "a missing permission ends the wait" {
    group i-1
    host ami-old
    answer --status 254 --error 'An error occurred (AccessDenied) when calling DescribeInstanceRefreshes' aws autoscaling describe-instance-refreshes
    run -1 "$SCRIPTS/monitor-refresh"
    has 'terraform/modules/github-permissions'
    [[ $(call_count aws autoscaling start-instance-refresh) == 0 ]]
}

@test "a refresh after which no host is there is no success" {
    group i-1
    host ami-old
    refreshes Successful
    answer aws autoscaling start-instance-refresh <<<'{"InstanceRefreshId": "r-2"}'
    refreshes Successful
    answer aws autoscaling describe-auto-scaling-groups <<<'{"AutoScalingGroups": [{"Instances": []}]}'
    run -1 "$SCRIPTS/monitor-refresh"
    has 'no host of marketboro-dev-monitor is in service'
}

@test "a group that is not there is named" {
    answer aws autoscaling describe-auto-scaling-groups <<<'{"AutoScalingGroups": []}'
    run -1 "$SCRIPTS/monitor-refresh"
    has 'There is no Auto Scaling group marketboro-dev-monitor'
}

# ---- doctor ----------------------------------------------------------------------------------------------------------

online() {
    group i-2
    answer aws ssm describe-instance-information <<<'{"InstanceInformationList": []}'
    answer aws ssm describe-instance-information <<<'{"InstanceInformationList": [{"PingStatus": "Online"}]}'
}

invocation() { # STATUS CODE OUTPUT
    answer aws ssm get-command-invocation <<<"$(jq -n \
        '{Status: $status, ResponseCode: ($code | tonumber), StandardOutputContent: $output, StandardErrorContent: ""}' \
        --arg status "$1" --arg code "$2" --arg output "$3")"
}

@test "the doctor is asked until it is content" {
    online
    answer --always aws ssm send-command <<<'{"Command": {"CommandId": "11111111-2222-3333-4444-555555555555"}}'
    answer --status 254 --error 'An error occurred (InvocationDoesNotExist)' aws ssm get-command-invocation
    invocation InProgress -1 ''
    invocation Failed 3 '::add-mask::jaeger: starting'
    invocation Success 0 'all is well'
    run -0 "$SCRIPTS/monitor-doctor"
    [[ $(call_count aws ssm send-command) == 2 && $output != *$'\n::add-mask'* ]]
    [[ $(calls aws ssm send-command) == *"'--instance-ids' 'i-2'"*'/usr/local/bin/monitor doctor'* ]]
    grep -q 'finds nothing wrong with `i-2`' "$GITHUB_STEP_SUMMARY"
}

@test "a doctor who is never content fails the job, with what it says and the way back" {
    online
    answer --always aws ssm send-command <<<'{"Command": {"CommandId": "11111111-2222-3333-4444-555555555555"}}'
    answer --always aws ssm get-command-invocation <<<'{"Status": "Failed", "ResponseCode": 3, "StandardOutputContent": "influxdb: no space ```"}'
    PREVIOUS_IMAGE_ID=ami-old run -1 "$SCRIPTS/monitor-doctor"
    has 'influxdb: no space'
    has 'set image_id of monitor-instance to ami-old'
    [[ $(call_count aws ssm send-command) == 10 ]]
    (($(grep -c '^```' "$GITHUB_STEP_SUMMARY") == 2))
}

@test "a host that never reaches Systems Manager is said so" {
    group i-2
    answer --always aws ssm describe-instance-information <<<'{"InstanceInformationList": [{"PingStatus": "ConnectionLost"}]}'
    run -1 "$SCRIPTS/monitor-doctor"
    has 'i-2 does not reach Systems Manager'
}

@test "a command that the role may not send is said so, once" {
    online
    answer --status 254 --error 'An error occurred (AccessDeniedException) when calling the SendCommand operation' aws ssm send-command
    run -1 "$SCRIPTS/monitor-doctor"
    has 'terraform/modules/github-permissions'
    [[ $(call_count aws ssm send-command) == 1 ]]
}
