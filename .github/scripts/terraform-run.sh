# shellcheck shell=bash
# Sourced by the scripts beside it, after report.sh and terraform-variables.sh: Terraform with its values kept out of logs.

# What filters there include is ./terraform-text.jq.
terraform_jq=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The order in which roots are applied: each reads what the ones before it put out.
# shellcheck disable=SC2034 # read by who sources this
terraform_roots=(back vpc storage instance monitor-instance)

export TF_IN_AUTOMATION=1 TF_INPUT=0 NO_COLOR=1

# terraform_init ROOT: gets modules, providers and the state's backend; tries again, as it needs the network.
terraform_init() {
    local options=(-no-color)
    # Committed, it says which providers are meant: nothing else is taken then.
    if git ls-files --error-unmatch "$1/.terraform.lock.hcl" >/dev/null 2>&1; then
        options+=(-lockfile=readonly)
    else
        warn "$1/.terraform.lock.hcl is not in git, so any provider of the right version is taken. Commit the one that terraform init writes."
    fi
    "$terraform_jq/retry" 3 terraform -chdir="$1" init "${options[@]}" 2>&1 | terraform_text ||
        fail "$1: terraform init failed; the lines above say why. $(terraform_advice)"
}

# terraform_text: text as it may be shown; what was shown stays in $terraform_said for terraform_advice.
terraform_text() {
    jq -rR --unbuffered -L "$terraform_jq" --argjson hidden "$(hidden_values)" 'include "terraform-text"; hide($hidden)' |
        as_text | tee -a "$terraform_said"
}

# terraform_messages: the same for what -json writes.
terraform_messages() {
    jq -rR --unbuffered -L "$terraform_jq" --argjson hidden "$(hidden_values)" -f "$terraform_jq/terraform-messages.jq" |
        as_text | tee -a "$terraform_said"
}

terraform_said=${RUNNER_TEMP:-/tmp}/terraform-said.$$
: >"$terraform_said"

# terraform_advice: what to do about what Terraform complained of.
terraform_advice() {
    case $(<"$terraform_said") in
        *'Error acquiring the state lock'*)
            echo "Another run holds the lock: wait for it, or see \"Locked\" in docs/aws.md if it is dead."
            ;;
        *AccessDenied* | *UnauthorizedOperation* | *'is not authorized to perform'*)
            echo "The role may not do this. What it may is in terraform/modules/github-permissions, and an administrator applies root back; what only an administrator may change at all is in docs/aws.md, \"From GitHub\"."
            ;;
        *'Unable to find remote state'* | *'Unsupported attribute'*'object with no attributes'*)
            echo "A root before this one is not applied yet: docs/aws.md has the order."
            ;;
        *'query returned no results'*)
            echo "Something that this root looks up is not there: for monitor-instance the image of the monitor host (the workflow of that name), for instance the public zone."
            ;;
        *'Saved plan is stale'*)
            echo "The state changed after the plan was made: run the workflow again."
            ;;
        *ExpiredToken* | *'No valid credential sources found'* | *'token has expired'*)
            echo "The credentials ran out or were not there: run the job again."
            ;;
        *'No value for required variable'*)
            echo "Add the variable to TERRAFORM_VARIABLES, or if nobody may see it to the secret TERRAFORM_SECRET_VARIABLES: docs/deploy.md."
            ;;
        *) echo "Plan it on your machine to see more: terraform -chdir=$terraform_root plan." ;;
    esac
}

# terraform_plan ROOT FOLDER OPTION...: plans into FOLDER: plan (Terraform's own), changes.json, summary.md and digest.
# Status 0: no change, 2: changes, 1: the plan failed.
terraform_plan() {
    terraform_root=$1
    local folder=$2 status=0
    shift 2
    mkdir -p "$folder"
    : >"$terraform_said"
    terraform -chdir="$terraform_root" plan -json -detailed-exitcode "$@" -out="$folder/plan" | terraform_messages || status=${PIPESTATUS[0]}
    ((status == 0 || status == 2)) || return 1
    terraform -chdir="$terraform_root" show -json "$folder/plan" |
        jq -S -f "$terraform_jq/terraform-changes.jq" >"$folder/changes.json" || return 1
    jq -r -L "$terraform_jq" --arg root "$(basename "$terraform_root")" --argjson hidden "$(hidden_values)" \
        -f "$terraform_jq/terraform-summary.jq" "$folder/changes.json" >"$folder/summary.md" || return 1
    jq -cS . "$folder/changes.json" | sha256sum | cut -d ' ' -f 1 >"$folder/digest"
    return "$status"
}
