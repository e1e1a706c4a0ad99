#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
# What is asked of ECR and of task definitions around a build of an image, and what an image is made of.

setup() {
    load doubles
    load service-answers
    job deploy
    double aws
    export REPOSITORY=$REGISTRY/marketboro-dev-service COMMIT=2222222222222222222222222222222222222222 DIGEST=sha256:index POLLS=3
}

teardown() {
    doubles_are_done
}

@test "an image is built for what Terraform runs it on" {
    export FAMILY=marketboro-dev-service CONTAINER=service
    for image in "$REPOSITORY:unreleased" "$REPOSITORY@sha256:1234" "$REPOSITORY"; do
        answer aws ecs describe-task-definition < <(a_definition 1 "$image")
        run -0 "$SCRIPTS/image-target"
        [[ $(out repository) == "$REPOSITORY" && $(out platform) == linux/arm64 && $(out runner) == ubuntu-24.04-arm ]]
        : >"$GITHUB_OUTPUT"
    done
    answer aws ecs describe-task-definition < <(a_definition 1 "$REPOSITORY" | jq '.taskDefinition.runtimePlatform.cpuArchitecture = "X86_64"')
    run -0 "$SCRIPTS/image-target"
    [[ $(out platform) == linux/amd64 && $(out runner) == ubuntu-24.04 ]]
    answer aws ecs describe-task-definition < <(a_definition 1 "$REPOSITORY" | jq '.taskDefinition.runtimePlatform.cpuArchitecture = "RISCV"')
    run -1 "$SCRIPTS/image-target"
    has 'set cpu_architecture'
    answer aws ecs describe-task-definition < <(a_definition 1 docker.io/library/service)
    run -1 "$SCRIPTS/image-target"
    has 'no container service with an image in ECR'
    answer --status 254 --error 'An error occurred (ClientException): Unable to describe task definition.' aws ecs describe-task-definition
    run -1 "$SCRIPTS/image-target"
    has 'apply root instance first'
}

@test "an image that is there is not built again" {
    answer aws ecr batch-get-image <<<'{"images": [{"imageId": {"imageDigest": "sha256:there"}}], "failures": []}'
    run -0 "$SCRIPTS/image-lookup"
    [[ $(out digest) == sha256:there ]]
    [[ $(calls aws ecr batch-get-image) == *"'--repository-name' 'marketboro-dev-service'"*"imageTag=$COMMIT"* ]]
}

@test "an image that is not there is built, or refused where it must be" {
    answer --always aws ecr batch-get-image <<<'{"images": [], "failures": [{"failureCode": "ImageNotFound", "failureReason": "not found"}]}'
    run -0 "$SCRIPTS/image-lookup"
    [[ $(<"$GITHUB_OUTPUT") == digest= ]]
    MUST_EXIST=true run -1 "$SCRIPTS/image-lookup"
    has "marketboro-dev-service has no image of $COMMIT"
    COMMIT='main; true' run -1 "$SCRIPTS/image-lookup"
    has 'is no commit'
}

@test "an answer of ECR that is none is no missing image" {
    answer aws ecr batch-get-image <<<'{"images": [], "failures": [{"failureCode": "KmsError", "failureReason": "key disabled"}]}'
    run -1 "$SCRIPTS/image-lookup"
    has 'key disabled'
}

# An index with an image and its attestations.
index() {
    answer aws ecr batch-get-image < <(jq -n '{images: [{imageManifest: ({manifests: [
        {digest: "sha256:image", platform: {os: "linux", architecture: "arm64"}},
        {digest: "sha256:attestation", platform: {os: "unknown", architecture: "unknown"}}]} | tojson)}]}')
}

scanned() { # STATUS [COUNTS]
    answer --when imageDigest=sha256:image aws ecr describe-images \
        < <(jq -n --arg status "$1" --argjson counts "${2:-null}" '{imageDetails: [{imageScanStatus: {status: $status},
            imageScanFindingsSummary: {findingSeverityCounts: $counts}}]}')
}

@test "an image is waited for until it is scanned; what is low does no harm" {
    index
    answer aws ecr describe-images <<<'{"imageDetails": [{}]}'
    scanned IN_PROGRESS
    scanned COMPLETE '{"LOW": 3, "MEDIUM": 1}'
    run -0 "$SCRIPTS/image-findings"
    grep -q 'Scan of sha256:image by ECR: 3 low, 1 medium' "$GITHUB_STEP_SUMMARY"
}

@test "an image with something critical or high is not deployed" {
    for counts in '{"CRITICAL": 1}' '{"HIGH": 2, "LOW": 1}'; do
        index
        scanned COMPLETE "$counts"
        run -1 "$SCRIPTS/image-findings"
        has 'ECR found critical or high vulnerabilities in sha256:image'
    done
}

@test "an image that ECR cannot scan passes, and the summary says so; a scan that does not end is a failure" {
    index
    scanned UNSUPPORTED_IMAGE
    run -0 "$SCRIPTS/image-findings"
    grep -q 'ECR cannot scan sha256:image' "$GITHUB_STEP_SUMMARY"
    index
    for _ in 1 2 3; do scanned IN_PROGRESS; done
    run -1 "$SCRIPTS/image-findings"
    has 'has not ended'
}

@test "an image without an index is scanned itself" {
    answer aws ecr batch-get-image <<<'{"images": [{"imageManifest": "{\"config\": {}}"}]}'
    answer --when imageDigest=sha256:index aws ecr describe-images <<<'{"imageDetails": [{"imageScanStatus": {"status": "COMPLETE"}}]}'
    run -0 "$SCRIPTS/image-findings"
    grep -q 'nothing found' "$GITHUB_STEP_SUMMARY"
}

@test "the list of what an image is made of has its crates and no others" {
    export HOME=$REAL_HOME
    cd "$SCRIPTS/../.."
    "$SCRIPTS/image-sbom" service linux/arm64 >"$BATS_TEST_TMPDIR/service"
    "$SCRIPTS/image-sbom" loadgen linux/amd64 >"$BATS_TEST_TMPDIR/loadgen"
    jq -e '.bomFormat == "CycloneDX" and .metadata.component.name == "service"
        and any(.components[]; .name == "axum" and (.purl | startswith("pkg:cargo/axum@0.")) and .licenses[0].expression == "MIT")
        and all(.components[]; .name != "dynoxide-rs" and .name != "tempfile" and .version != null)' "$BATS_TEST_TMPDIR/service"
    # With the feature that its Dockerfile has by default.
    jq -e 'any(.components[]; .name == "aws-sdk-s3")' "$BATS_TEST_TMPDIR/loadgen"
    run -1 "$SCRIPTS/image-sbom" service linux/riscv64
    has 'neither linux/arm64 nor linux/amd64'
}
