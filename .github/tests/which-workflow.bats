#!/usr/bin/env bats
# Which workflow runs for which changed path.

bats_require_minimum_version 1.5.0

setup_file() {
    export WORKFLOWS=$BATS_FILE_TMPDIR/workflows
    "$BATS_TEST_DIRNAME/workflows-as-json" >"$WORKFLOWS"
}

starts() { # EVENT REF PATH...
    "$BATS_TEST_DIRNAME/which-workflow" "$@" | paste -sd ' '
}

# Reads `PATH -> WORKFLOW...` from standard input.
table() { # EVENT REF
    local path expected started wrong=0 rows=0
    while IFS='>' read -r path expected; do
        path=${path% -} expected=${expected# }
        [[ -n $path ]] || continue
        rows=$((rows + 1))
        started=$(starts "$1" "$2" "$path")
        if [[ $started != "$expected" ]]; then
            echo "$1 of $path: expected \"$expected\", GitHub starts \"$started\""
            wrong=1
        fi
    done
    ((wrong == 0 && rows > 0))
}

@test "pushes to main" {
    table push main <<'TABLE'
service/src/main.rs -> ci.yml service-deploy.yml
service/Dockerfile -> ci.yml service-deploy.yml
service/tests/crud/main.rs -> ci.yml service-deploy.yml
Cargo.lock -> ci.yml loadgen-image.yml service-deploy.yml
Cargo.toml -> ci.yml
loadgen/src/main.rs -> ci.yml loadgen-image.yml
docs/deploy.md ->
docs/images/overview.png ->
LICENSE ->
README.md -> ci.yml
CONTRIBUTING.md -> ci.yml
Makefile -> ci.yml
tools/zizmor -> ci.yml
.ci/run -> ci.yml
bench/service.sh -> ci.yml
test-servers/src/lib.rs -> ci.yml
.github/workflows/ci.yml -> ci.yml
.github/workflows/service-deploy.yml -> ci.yml service-deploy.yml
.github/workflows/loadgen-image.yml -> ci.yml loadgen-image.yml
.github/workflows/container-image.yml -> ci.yml
.github/workflows/release.yml -> ci.yml
.github/scripts/deploy-service -> ci.yml
.github/tests/deploy.bats -> ci.yml
ami/monitor.pkr.hcl -> ami.yml ci.yml
ami/host/systemd/marketboro-stack.service -> ami.yml ci.yml
ami/README.md -> ci.yml
ami/rehearsal/machine -> ci.yml
monitor/src/main.rs -> ami.yml ci.yml
monitor/compose.yaml -> ami.yml ci.yml
monitor/tests/backup/main.rs -> ci.yml
grafana-provisioning/dashboards/service.json -> ami.yml ci.yml
.github/workflows/ami.yml -> ami.yml ci.yml
.github/scripts/ami-build -> ami.yml ci.yml
.github/scripts/monitor-doctor -> ami.yml ci.yml
terraform/dev/vpc/main.tf -> ci.yml terraform.yml
terraform/modules/network/main.tf -> ci.yml terraform.yml
terraform/policies/back.json -> ci.yml terraform.yml
terraform/modules/monitor-host/README.md -> ci.yml
.github/workflows/terraform.yml -> ci.yml terraform.yml
.github/workflows/terraform-root.yml -> ci.yml terraform.yml
.github/scripts/terraform-apply -> ci.yml terraform.yml
.github/workflows/loadtest.yml -> ci.yml
.github/scripts/loadtest-start -> ci.yml
TABLE
}

@test "pull requests deploy and release nothing" {
    table pull_request main <<'TABLE'
service/src/main.rs -> ci.yml
Cargo.lock -> ci.yml
loadgen/src/main.rs -> ci.yml
docs/deploy.md ->
README.md -> ci.yml
.github/workflows/service-deploy.yml -> ci.yml
.github/workflows/release.yml -> ci.yml
.github/scripts/deploy-service -> ci.yml
terraform/dev/vpc/main.tf -> ci.yml terraform.yml
.github/scripts/terraform-plan -> ci.yml terraform.yml
ami/monitor.pkr.hcl -> ci.yml
monitor/src/main.rs -> ci.yml
TABLE
}

@test "a change to docs and to something else is judged" {
    [[ $(starts push main docs/deploy.md service/src/main.rs) == 'ci.yml service-deploy.yml' ]]
    [[ $(starts pull_request main docs/deploy.md README.md) == ci.yml ]]
}

@test "other branches start nothing" {
    [[ -z $(starts push feature service/src/main.rs) ]]
}

@test "a release is made of a version's tag alone" {
    [[ $(starts push tag:v1.2.3 service/src/main.rs) == release.yml ]]
    [[ $(starts push tag:v10.20.30-rc.1) == release.yml ]]
    [[ -z $(starts push tag:nightly) ]]
    [[ -z $(starts push tag:version-1.2.3) ]]
}
