#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # every test is a process of its own
# verify-service against a double of curl: services that answer wrongly. service/tests has it ask the real one.

setup() {
    load doubles
    job
    double curl
    export SERVICE_URL=https://www.example.com GITHUB_RUN_ATTEMPT=2 POLLS=3
}

teardown() {
    doubles_are_done
}

# says METHOD PATH CODE [BODY]
says() {
    answer --when "--request $1" --when "www.example.com$2" curl < <(printf '%s\n%s' "${4-}" "$3")
}

@test "a service that does all of it" {
    says GET /readyz 200
    says POST /items 201
    says GET /items/deployment-check-77-2-1 200 '{"id":"deployment-check-77-2-1","name":"created by a deployment"}'
    says PUT /items/deployment-check-77-2-1 200
    says GET /items/deployment-check-77-2-1 200 '{"id":"deployment-check-77-2-1","name":"updated by a deployment"}'
    says DELETE /items/deployment-check-77-2-1 200
    says GET /items/deployment-check-77-2-1 404
    run -0 "$SCRIPTS/verify-service"
    grep -q 'Verified at https://www.example.com' "$GITHUB_STEP_SUMMARY"
}

@test "a service that is never ready" {
    says GET /readyz 503 '{"error":"the table does not answer"}'
    says GET /readyz 503 '{"error":"the table does not answer"}'
    says GET /readyz 503 '{"error":"the table does not answer"}'
    run -1 "$SCRIPTS/verify-service"
    has 'GET /readyz was answered with 503 instead of 200: {"error":"the table does not answer"}'
}

@test "a service that is ready after a moment, and forgets an update" {
    says GET /readyz 503
    says GET /readyz 200
    says POST /items 201
    says GET /items/ 200 '{"id":"x","name":"created by a deployment"}'
    says PUT /items/ 200
    says GET /items/ 200 '{"id":"x","name":"created by a deployment"}'
    # It cleans up all the same.
    says DELETE /items/deployment-check-77-2-1 200
    run -1 "$SCRIPTS/verify-service"
    has 'A read gave something else than what was written before'
}

@test "a connection that breaks once is tried again with another item, an answer that is wrong is not" {
    says GET /readyz 200
    answer --status 28 --error 'curl: (28) timed out' --when '--request POST' curl
    says DELETE /items/deployment-check-77-2-1 404
    says POST /items 500 '{"error":"no"}'
    says DELETE /items/deployment-check-77-2-2 404
    run -1 "$SCRIPTS/verify-service"
    has 'POST /items had no answer: curl: (28) timed out. Trying again.'
    has 'POST /items was answered with 500 instead of 201'
}

@test "a service that cannot be reached" {
    answer --always --status 6 --error 'curl: (6) Could not resolve host: www.example.com' curl
    run -1 "$SCRIPTS/verify-service"
    has 'GET /readyz had no answer: curl: (6) Could not resolve host'
}

@test "a URL that is none" {
    for SERVICE_URL in www.example.com 'https://a b' https://example.com/path 'file:///etc/passwd' ''; do
        SERVICE_URL=$SERVICE_URL run -1 "$SCRIPTS/verify-service"
        has SERVICE_URL
    done
}
