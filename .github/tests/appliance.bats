#!/usr/bin/env bats
# The script `appliance` against doubles of make, Docker and monitor. What these start is tested with real servers by
# monitor/tests.

setup() {
    load doubles
    job
    double make docker
    answer --always make images
    # In a folder of its own, since it runs what was built there.
    mkdir -p checkout/.github checkout/target/release
    cp -r "$SCRIPTS" checkout/.github/scripts
    ln -s "$BATS_TEST_DIRNAME/command-double" checkout/target/release/monitor
    script=$PWD/checkout/.github/scripts/appliance
    export DOCTOR_RUNS=3
}

teardown() {
    doubles_are_done
}

@test "a doctor that is content after a while" {
    answer make up
    answer --when 'http://127.0.0.1:8080 --scenario items' docker run <<<'3000 requests'
    answer --status 3 monitor doctor <<<'panel-queries failed'
    answer monitor doctor <<<'all is well'
    answer make down
    run -0 "$script"
    grep -q '3000 requests' "$GITHUB_STEP_SUMMARY"
    grep -q 'asked 2 times' "$GITHUB_STEP_SUMMARY"
    grep -q 'all is well' "$GITHUB_STEP_SUMMARY"
}

@test "a doctor that is never content, with what the servers say" {
    answer make up
    answer docker run
    for _ in 1 2 3; do answer --status 3 monitor doctor <<<'collector: refuses'; done
    answer monitor status <<<'otel-collector unhealthy'
    answer monitor logs
    answer make down
    run -1 "$script"
    has 'finds something wrong after 3 runs'
    has 'otel-collector unhealthy'
}

@test "images that cannot be got" {
    rm -r "$DOUBLES"/answers/*
    answer --always --status 2 make images
    answer --always make down
    answer --always monitor status
    answer --always monitor logs
    run -2 "$script"
    [[ $(call_count make up) == 0 ]]
}

@test "a doctor that cannot run, a load that fails, servers that do not come up" {
    answer --always make down
    answer --always monitor status
    answer --always monitor logs
    answer make up
    answer docker run
    answer --status 1 monitor doctor
    run -1 "$script"
    has 'could not be run'
    answer make up
    answer --status 99 docker run <<<'error_rate<1% crossed'
    run -1 "$script"
    has 'The load run failed'
    answer --status 2 make up
    run -1 "$script"
    has 'make up failed'
}
