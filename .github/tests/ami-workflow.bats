#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154
# ami.yml as a whole, run by act with the real Terraform on a root of terraform_data: an image becomes the next host's, then
# the host's. What the scripts do for themselves is in ami.bats.

setup() {
    load doubles
    load act
    job image
    double aws gh packer
    # What act asks for by itself.
    answer --always gh auth token
    a_repository
    mkdir -p "$CHECKOUT_SOURCE"/{ami,terraform/dev/monitor-instance}
    printf '#!/usr/bin/env bash\nmkdir -p "$1"\n' >"$CHECKOUT_SOURCE/ami/payload"
    chmod +x "$CHECKOUT_SOURCE/ami/payload"
    cp "$SCRIPTS/../../terraform/dev/monitor-instance/variable.tf" "$CHECKOUT_SOURCE/terraform/dev/monitor-instance/"
    cat >"$CHECKOUT_SOURCE/terraform/dev/monitor-instance/main.tf" <<TF
terraform {
  backend "local" {
    path = "$BATS_TEST_TMPDIR/state"
  }
}

resource "terraform_data" "image" {
  input = var.image_id
}
TF
    git -C "$CHECKOUT_SOURCE" add --all
    a_commit 'What it needs'
    # The double of packer writes nothing, so one before it does.
    mkdir bin
    printf '#!/usr/bin/env bash\n[[ $1 != build ]] || echo %s >ami/manifest.json\nexec "$DOUBLES/bin/packer" "$@"\n' \
        "'{\"builds\": [{\"artifact_id\": \"r:ami-0123456789abcdef0\", \"packer_run_uuid\": \"u\"}], \"last_run_uuid\": \"u\"}'" >bin/packer
    chmod +x bin/packer
    export PATH=$PWD/bin:$PATH
    variables=(--var AWS_ROLE_PLAN=arn:aws:iam::123456789012:role/plan --var AWS_ROLE_APPLY=arn:aws:iam::123456789012:role/apply
        --var AWS_ROLE_IMAGE=arn:aws:iam::123456789012:role/image --var AWS_REGION=ap-northeast-2
        --secret 'TERRAFORM_SECRET_VARIABLES={"allowed_cidrs": ["203.0.113.0/24"]}')
}

teardown() {
    doubles_are_done
}

built() {
    answer aws ec2 describe-instances <<<'{"Reservations": []}'
    answer packer init ami
    answer packer build
    answer aws ec2 describe-images <<<'{"Images": [{"Name": "marketboro-monitor-arm64-1", "State": "available"}]}'
}

brought_to_the_host() { # STATUS of the doctor
    answer aws autoscaling describe-auto-scaling-groups <<<'{"AutoScalingGroups": [{"Instances": [{"InstanceId": "i-1", "LifecycleState": "InService"}]}]}'
    answer aws ec2 describe-instances <<<'{"Reservations": [{"Instances": [{"ImageId": "ami-old"}]}]}'
    answer aws autoscaling describe-instance-refreshes <<<'{"InstanceRefreshes": []}'
    answer aws autoscaling start-instance-refresh <<<'{"InstanceRefreshId": "r-1"}'
    answer aws autoscaling describe-instance-refreshes <<<'{"InstanceRefreshes": [{"Status": "Successful"}]}'
    answer aws autoscaling describe-auto-scaling-groups <<<'{"AutoScalingGroups": [{"Instances": [{"InstanceId": "i-2", "LifecycleState": "InService"}]}]}'
    answer aws ec2 describe-instances <<<'{"Reservations": [{"Instances": [{"ImageId": "ami-0123456789abcdef0"}]}]}'
    answer aws autoscaling describe-auto-scaling-groups <<<'{"AutoScalingGroups": [{"Instances": [{"InstanceId": "i-2", "LifecycleState": "InService"}]}]}'
    answer aws ssm describe-instance-information <<<'{"InstanceInformationList": [{"PingStatus": "Online"}]}'
    answer --always aws ssm send-command <<<'{"Command": {"CommandId": "11111111-2222-3333-4444-555555555555"}}'
    answer --always aws ssm get-command-invocation <<<"{\"Status\": \"Success\", \"ResponseCode\": $1, \"StandardOutputContent\": \"jaeger\"}"
}

pruned() {
    answer aws ec2 describe-images <<<'{"Images": []}'
    answer aws ec2 describe-instances <<<'{"Reservations": []}'
    answer aws autoscaling describe-auto-scaling-groups <<<'{"AutoScalingGroups": []}'
    answer aws ec2 describe-launch-templates <<<'{"LaunchTemplates": []}'
}

@test "an image is built, applied, brought to the host and examined; then older ones go" {
    built
    brought_to_the_host 0
    pruned
    run -0 workflow ami.yml push "${variables[@]}"
    [[ $(calls packer build) == *"'architecture=arm64'"*"'source_commit=$COMMIT'"* ]]
    has 'The monitor host is replaced: it was of `ami-old`'
    [[ -e $BATS_TEST_TMPDIR/state ]]
}

@test "a host that is not well fails the run, which names the image to go back to" {
    built
    brought_to_the_host 3
    pruned
    run -1 workflow ami.yml push "${variables[@]}"
    has 'set image_id of monitor-instance to ami-old'
}

@test "an image that was not built changes nothing" {
    answer aws ec2 describe-instances <<<'{"Reservations": []}'
    answer packer init ami
    answer --status 1 packer build
    run -1 workflow ami.yml schedule "${variables[@]}"
    [[ ! -e $BATS_TEST_TMPDIR/state && $(call_count aws) == 1 ]]
}

@test "by hand, without a build: an earlier image comes back" {
    brought_to_the_host 0
    INPUTS='{"build": false, "refresh": true}' run -0 workflow ami.yml workflow_dispatch "${variables[@]}" \
        --var 'TERRAFORM_VARIABLES={"image_id": "ami-0123456789abcdef0"}'
    grep -q ami-0123456789abcdef0 "$BATS_TEST_TMPDIR/state"
    [[ $(call_count packer) == 0 ]]
}

@test "where an apply changes nothing, the host stays" {
    built
    brought_to_the_host 0
    pruned
    workflow ami.yml push "${variables[@]}"
    built
    pruned
    run -0 workflow ami.yml push "${variables[@]}"
    [[ $(call_count aws autoscaling start-instance-refresh) == 1 ]]
}

@test "a fork without roles does nothing" {
    run -0 workflow ami.yml push
    [[ $(call_count aws) == 0 && $(call_count packer) == 0 ]]
}
