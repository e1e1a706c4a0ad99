#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
# Releases: which tags become one, what their archives hold, what is said of them, and how they come to GitHub.

setup() {
    load doubles
    job
    git init -q -b main checkout
    cd checkout || return
    git config user.name tester
    git config user.email tester@example.com
}

teardown() {
    doubles_are_done
}

# commit SUBJECT PATH...: changes these.
commit() {
    local subject=$1 path
    shift
    for path; do
        mkdir -p "$(dirname "$path")"
        echo "$subject" >>"$path"
        git add "$path"
    done
    GIT_COMMITTER_DATE='2026-11-01T00:00:00Z' git commit -q -m "$subject"
}

# versioned VERSION: a commit whose workspace has it, which is on main.
versioned() {
    printf '[workspace.package]\nversion = "%s"\nedition = "2024"\n\n[workspace.dependencies]\nversion = "9.9.9"\n' "$1" >Cargo.toml
    printf '# Changelog\n\n## [Unreleased]\n\n## [%s] - 2026-11-01\n\n- Something\n' "$1" >CHANGELOG.md
    git add Cargo.toml CHANGELOG.md
    git commit -q --allow-empty -m "Version $1"
    git update-ref refs/remotes/origin/main HEAD
}

@test "a tag is a release when it is on main and says what Cargo.toml says" {
    versioned 1.2.3
    git tag v1.2.3
    run -0 "$SCRIPTS/release-version" v1.2.3
    [[ $(<"$GITHUB_OUTPUT") == $'version=1.2.3\nprerelease=false' ]]
    : >"$GITHUB_OUTPUT"
    versioned 2.0.0-rc.1
    git tag v2.0.0-rc.1
    run -0 "$SCRIPTS/release-version" v2.0.0-rc.1
    [[ $(<"$GITHUB_OUTPUT") == $'version=2.0.0-rc.1\nprerelease=true' ]]
}

@test "a tag of another version, of another form, or off main is refused" {
    versioned 1.2.3
    git tag v1.2.4
    run -1 "$SCRIPTS/release-version" v1.2.4
    has 'The tag says 1.2.4, Cargo.toml says 1.2.3'
    # shellcheck disable=SC2016 # is not to be expanded
    for tag in 1.2.3 v1.2 v1.2.3x 'v1.2.3$(touch x)' ''; do
        run -1 "$SCRIPTS/release-version" "$tag"
        has 'is no version'
    done
    sed -i 's/2026-11-01/unreleased/' CHANGELOG.md
    commit 'Not dated' CHANGELOG.md
    git tag v1.2.3
    run -1 "$SCRIPTS/release-version" v1.2.3
    has 'CHANGELOG.md has no section "## [1.2.3] - YYYY-MM-DD"'
    git tag -d v1.2.3
    git reset -q --hard HEAD~1
    git checkout -q -b feature
    commit 'On a branch' file
    git tag v1.2.3
    run -1 "$SCRIPTS/release-version" v1.2.3
    has 'v1.2.3 is not on main'
}

@test "a release tells what CHANGELOG.md says of it, then the commits since the one before, by what they are about" {
    cat >CHANGELOG.md <<'TEXT'
# Changelog

## [Unreleased]

- Soon

## [0.2.0] - 2026-11-01

### Added

- A port

## [0.1.0] - 2026-10-01

- The service
TEXT
    git add CHANGELOG.md
    commit 'Add the service' service/main.rs service/store.rs
    git tag v0.1.0
    commit 'Answer faster' service/main.rs service/store.rs README.md
    commit 'Show <more> of [it]' grafana-provisioning/dashboards/x.json
    git tag v0.2.0-rc.1
    commit 'Open a port' terraform/x.tf
    commit 'Describe' docs/x.md
    commit 'Lint' Makefile
    git checkout -q -b side HEAD~1
    commit 'From the side' loadgen/main.rs
    git checkout -q main
    git merge -q --no-ff -m 'Merge side' side
    git tag v0.2.0
    run -0 "$SCRIPTS/changelog" v0.2.0
    diff <(sed 's/ ([0-9a-f]*)$//; /^## To check/,$d' <<<"$output") - <<'TEXT'
### Added

- A port

## Commits since v0.1.0

### Service

- Answer faster

### loadgen

- From the side

### Monitor host

- Show \<more\> of \[it\]

### AWS

- Open a port

### Documentation

- Describe

### Build and tests

- Lint

TEXT
    has 'gh attestation verify FILE --repo example/marketboro'
    run -0 "$SCRIPTS/changelog" v0.2.0-rc.1
    has $'- Soon\n\n## Commits since v0.1.0'
    run -0 "$SCRIPTS/changelog" v0.1.0
    has $'- The service\n\n## Commits\n'
}

# Stands in for Cargo: a build lays down a program of C that says its version.
cargo_double() { # FLAGS of the linker
    mkdir -p bin
    cat >bin/cargo <<DOUBLE
#!/usr/bin/env bash
set -euo pipefail
echo "\$*" >>"$BATS_TEST_TMPDIR/cargo"
if [[ \$1 == tree ]]; then
    printf '%s v1.2.3 (/x)\tApache-2.0\n' service loadgen monitor
    printf 'anyhow v1.0.0\tMIT\n'
    exit
fi
[[ \$RUSTFLAGS == *--remap-path-prefix* && \$CC_x86_64_unknown_linux_musl == musl-gcc ]]
program=\$(sed 's/.*--package \([a-z]*\).*/\1/' <<<"\$*")
mkdir -p target/x86_64-unknown-linux-musl/release
printf '#include <stdio.h>\nint main(void) { puts("%s 1.2.3"); }\n' "\$program" |
    cc $1 -x c - -o "target/x86_64-unknown-linux-musl/release/\$program"
DOUBLE
    chmod +x bin/cargo
    export PATH=$PWD/bin:$PATH
    commit 'A release' LICENSE README.md
}

@test "archives hold a static program each, and are the same of the same commit" {
    cargo_double -static
    run -0 "$SCRIPTS/release-build" x86_64-unknown-linux-musl 1.2.3 dist
    run -0 "$SCRIPTS/release-build" x86_64-unknown-linux-musl 1.2.3 again
    diff -r dist again
    [[ $(cd dist && echo *) == 'loadgen-1.2.3-linux-x86_64.cdx.json loadgen-1.2.3-linux-x86_64.tar.gz monitor-1.2.3-linux-x86_64.cdx.json monitor-1.2.3-linux-x86_64.tar.gz service-1.2.3-linux-x86_64.cdx.json service-1.2.3-linux-x86_64.tar.gz' ]]
    tar -xzf dist/loadgen-1.2.3-linux-x86_64.tar.gz
    [[ $(loadgen-1.2.3-linux-x86_64/loadgen --version) == 'loadgen 1.2.3' ]]
    [[ -f loadgen-1.2.3-linux-x86_64/LICENSE && -f loadgen-1.2.3-linux-x86_64/README.md ]]
    grep -q 'build --release --locked --target x86_64-unknown-linux-musl --package monitor --features aws' "$BATS_TEST_TMPDIR/cargo"
    jq -e 'any(.components[]; .name == "anyhow")' dist/service-1.2.3-linux-x86_64.cdx.json
}

@test "a program that is not static, or of another version, is no release" {
    cargo_double ''
    run -1 "$SCRIPTS/release-build" x86_64-unknown-linux-musl 1.2.3 dist
    has 'service needs libraries of the machine that it runs on'
    [[ -z $(ls dist) ]]
    sed -i 's/cc  -x/cc -static -x/' bin/cargo
    run -1 "$SCRIPTS/release-build" x86_64-unknown-linux-musl 1.2.4 dist
    has 'says that it is "service 1.2.3" instead of 1.2.4'
    run -1 "$SCRIPTS/release-build" x86_64-unknown-linux-gnu 1.2.3 dist
    has 'is neither'
}

publish() {
    GH_TOKEN=t PRERELEASE=${PRERELEASE:-false} run "$@" "$SCRIPTS/publish-release" v1.2.3 NOTES.md SHA256SUMS a.tar.gz
}

@test "a release is a draft until it has all its files" {
    double gh
    answer --status 1 --error 'release not found' gh release view
    answer gh release create v1.2.3
    # A hiccup of the network.
    answer --status 1 gh release upload
    answer gh release upload v1.2.3 --clobber SHA256SUMS a.tar.gz
    answer gh release edit v1.2.3 --draft=false
    publish -0
    [[ $(calls gh release create) == *"'--draft' '--verify-tag'"*"'--prerelease=false'"* ]]
    grep -q 'https://github.com/example/marketboro/releases/tag/v1.2.3' "$GITHUB_STEP_SUMMARY"
}

@test "what an interrupted run left is gone on with, what is published is not touched" {
    double gh
    answer gh release view <<<'{"isDraft": true}'
    answer gh release upload
    answer gh release edit
    publish -0
    [[ $(call_count gh release create) == 0 ]]
    answer gh release view <<<'{"isDraft": false}'
    publish -1
    has 'is published already'
    [[ $(call_count gh release upload) == 1 ]]
}

@test "a release whose files cannot be uploaded stays a draft" {
    double gh
    answer gh release view <<<'{"isDraft": true}'
    for _ in 1 2 3; do answer --status 1 gh release upload; done
    publish -1
    [[ $(call_count gh release edit) == 0 ]]
}
