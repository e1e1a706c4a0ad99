# shellcheck shell=bash
# Sourced by the scripts beside it, after report.sh: calls of the AWS command line. It answers in JSON, which jq reads.

export AWS_PAGER='' AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-5}

# aws_call SERVICE OPERATION OPTION...: prints the answer. A refusal is told in a sentence; status 1 then, so that
# `answer=$(aws_call …)` ends a script, and `if answer=$(aws_call …)` does not.
aws_call() {
    local errors answer status=0
    errors=$(mktemp)
    answer=$(aws "$@" --output json 2>"$errors" </dev/null) || status=$?
    if ((status != 0)); then
        aws_refusal "$1 $2" "$(<"$errors")"
        rm -f "$errors"
        return 1
    fi
    cat "$errors" >&2
    rm -f "$errors"
    printf '%s\n' "$answer"
}

# aws_refusal CALL TEXT
aws_refusal() {
    case $2 in
        *AccessDenied* | *UnauthorizedOperation* | *'is not authorized to perform'*)
            annotation error "AWS does not let this job's role call \"$1\". An administrator applies root back from" \
                "main (terraform/bootstrap ENVIRONMENT), or adds what is missing to" \
                "terraform/modules/github-permissions. AWS says: $2"
            ;;
        *ExpiredToken* | *'Unable to locate credentials'* | *InvalidClientTokenId* | *'token included in the request is invalid'*)
            annotation error "\"$1\" had no valid credentials: they last as long as the role's session. Run the job" \
                "again. AWS says: $2"
            ;;
        *Throttl* | *'Rate exceeded'* | *'Could not connect'* | *'timed out'* | *ServiceUnavailable* | *InternalError* | *ServerException*)
            annotation error "AWS did not answer \"$1\", also when asked again. Run the job again in some minutes." \
                "AWS says: $2"
            ;;
        *)
            annotation error "AWS refused \"$1\": $2"
            ;;
    esac
}
