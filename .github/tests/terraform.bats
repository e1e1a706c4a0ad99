#!/usr/bin/env bats
# What terraform.yml does, with the real Terraform on small roots of nothing but terraform_data, which needs no provider.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

setup() {
    load doubles
    job plan
    export ENVIRONMENT=dev ROOT=vpc REPORT=report.md NUMBER=5 COMMENT=terraform-plan
    root=terraform/dev/vpc
    local name
    for name in back vpc storage instance monitor-instance; do
        mkdir -p "terraform/dev/$name"
        resource "$name" first '"one"'
    done
}

teardown() {
    doubles_are_done
}

# resource ROOT NAME INPUT [MORE]
resource() {
    printf 'resource "terraform_data" "%s" {\n  input = %s\n  %s\n}\n' "$2" "$3" "${4-}" >"terraform/dev/$1/$2.tf"
}

approved() { # ROOT: plans it, and gives the digest that an approval stands for
    ROOT=$1 "$SCRIPTS/terraform-plan" >&2
    out digest
}

@test "a plan that is approved is applied, and the next one changes nothing" {
    digest=$(approved vpc)
    [[ $(out changed) == true && $digest =~ ^[0-9a-f]{64}$ ]]
    summary_has '### `vpc`: 1 to create, 0 to change, 0 to replace, 0 to destroy'
    summary_has '| create | `terraform_data.first` |  |'
    DIGEST=$digest run -0 "$SCRIPTS/terraform-apply"
    has 'terraform_data.first: Creation complete'
    summary_has '`vpc` is applied.'
    "$SCRIPTS/terraform-plan"
    [[ $(out changed) == false ]]
    summary_has '### `vpc`: no change'
}

@test "the same changes have the same digest, other changes another" {
    first=$(approved vpc)
    [[ $(approved vpc) == "$first" ]]
    resource vpc first '"two"'
    [[ $(approved vpc) != "$first" ]]
}

@test "two pushes at once: what was approved before the other's apply is not applied" {
    resource vpc other '"of the first push"'
    digest=$(approved vpc)
    resource vpc first '"changed meanwhile"'
    DIGEST=$(approved vpc) "$SCRIPTS/terraform-apply"
    resource vpc other '"of the second push"'
    DIGEST=$digest run -1 "$SCRIPTS/terraform-apply"
    has 'is not what was approved, so nothing was applied'
    summary_has 'The approved plan of `vpc` no longer holds'
    [[ $(terraform -chdir="$root" show -json | jq -r '.values.root_module.resources[] | select(.name == "other").values.input') == 'of the first push' ]]
}

@test "a state that another run holds is waited for, then left alone" {
    digest=$(approved vpc)
    resource back wait '"a"' 'provisioner "local-exec" { command = "echo >began; read -r _ <go" }'
    cp terraform/dev/back/wait.tf "$root/wait.tf"
    mkfifo "$root/go"
    held=$(approved vpc)
    terraform -chdir="$root" apply -auto-approve -no-color >holder 2>&1 3>&- &
    holder=$!
    until [[ -e $root/began ]]; do
        kill -0 "$holder"
        sleep 0.1
    done
    DIGEST=$held TERRAFORM_LOCK_TIMEOUT=1s run -1 "$SCRIPTS/terraform-apply"
    echo >"$root/go"
    wait "$holder"
    has 'Another run holds the lock'
    has 'nothing was applied'
}

@test "an apply that fails half way says what is applied, and the next run does the rest" {
    resource vpc second '"two"' 'depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "exit 3" }'
    DIGEST=$(approved vpc) run -1 "$SCRIPTS/terraform-apply"
    has 'failed half way after 1 completed changes'
    summary_has '**`vpc` was applied in part**: 1 changes are made'
    resource vpc second '"two"' 'depends_on = [terraform_data.first]'
    digest=$(approved vpc)
    summary_has '| **replace** | `terraform_data.second` |'
    DIGEST=$digest "$SCRIPTS/terraform-apply"
}

@test "an apply without an approved plan does nothing" {
    DIGEST='' run -1 "$SCRIPTS/terraform-apply"
    has 'There is no digest of an approved plan'
    [[ ! -e $root/terraform.tfstate ]]
}

@test "an apply that the role may not do names where rights are" {
    resource vpc first '"one"' 'lifecycle {
    postcondition {
      condition     = self.input == "two"
      error_message = "::error::no\napi error UnauthorizedOperation: You are not authorized to perform this operation."
    }
  }'
    run -1 "$SCRIPTS/terraform-plan"
    has ': :error::no'
    has 'api error UnauthorizedOperation'
    has '::error::vpc could not be planned'
    has 'terraform/modules/github-permissions'
}

@test "a plan of all roots goes on after one that fails, and fails in the end" {
    echo 'resource "terraform_data" "broken" { input = var.missing }' >terraform/dev/storage/broken.tf
    run -1 "$SCRIPTS/terraform-plan-roots"
    has '::error::No plan of: storage.'
    has 'Reference to undeclared input variable'
    [[ $(grep '^###' report.md) == '### `back`: 1 to create, 0 to change, 0 to replace, 0 to destroy
### `vpc`: 1 to create, 0 to change, 0 to replace, 0 to destroy
### `storage`: the plan failed
### `instance`: 1 to create, 0 to change, 0 to replace, 0 to destroy
### `monitor-instance`: 1 to create, 0 to change, 0 to replace, 0 to destroy' ]]
    [[ $(out failed) == true ]]
}

@test "nothing to change anywhere is said so" {
    for name in back vpc storage instance monitor-instance; do
        terraform -chdir="terraform/dev/$name" init >/dev/null
        terraform -chdir="terraform/dev/$name" apply -auto-approve >/dev/null
    done
    run -0 "$SCRIPTS/terraform-plan-roots"
    [[ $(out changed) == false && $(out failed) == false ]]
    (($(grep -c ': no change$' report.md) == 5))
}

@test "hidden values are in no log and no summary, nor networks and people that are in a state" {
    cat >>"$root/hidden.tf" <<'TF'
variable "allowed" { type = set(string) }
variable "words" { type = string }
resource "terraform_data" "allowed" {
  for_each = var.allowed
  input    = each.value
  lifecycle {
    postcondition {
      condition     = var.words != "very private words"
      error_message = "refused: ${var.words}, ${each.value}"
    }
  }
}
resource "terraform_data" "mail" {
  for_each = toset(["somebody@example.com"])
}
TF
    export TERRAFORM_VARIABLES='{"words": "open"}'
    export TERRAFORM_SECRET_VARIABLES='{"allowed": ["203.0.113.0/24"], "words": "very private words"}' GITHUB_ACTIONS=true
    run "$SCRIPTS/terraform-plan"
    has '::add-mask::very private words'
    shown=$(grep -v '^::add-mask::' <<<"$output")
    [[ $shown == *'refused: (hidden), (hidden)'* ]]
    [[ $shown != *private* && $shown != *203.0.113* && $shown != *somebody@* ]]
    TERRAFORM_SECRET_VARIABLES='{"allowed": ["203.0.113.0/24"]}' run -0 "$SCRIPTS/terraform-plan"
    summary_has '`terraform_data.allowed["(hidden)"]`'
    summary_has '`terraform_data.mail["(hidden)"]`'
    run ! grep -E '203.0.113|somebody' "$GITHUB_STEP_SUMMARY"
}

@test "variables that are no JSON object are refused" {
    TERRAFORM_VARIABLES='zone_name = "example.com"' run -1 "$SCRIPTS/terraform-plan"
    has 'TERRAFORM_VARIABLES is no JSON object'
    TERRAFORM_VARIABLES='{"PATH": "/tmp"}' run -1 "$SCRIPTS/terraform-plan"
    has 'TERRAFORM_VARIABLES is no JSON object'
}

@test "values of any type reach Terraform" {
    cat >"$root/variable.tf" <<'TF'
variable "text" { type = string }
variable "list" { type = list(string) }
variable "map" { type = object({ read = number }) }
output "all" { value = "${var.text} ${var.list[1]} ${var.map.read}" }
TF
    export TERRAFORM_VARIABLES='{"text": "a \"b\"\nc", "list": ["x", "y"], "map": {"read": 5}}'
    DIGEST=$(approved vpc) "$SCRIPTS/terraform-apply"
    [[ $(terraform -chdir="$root" output -raw all) == $'a "b"\nc y 5' ]]
}

@test "checks name each folder that is wrong" {
    mkdir -p terraform/modules/names/tests
    echo 'run "wrong" { command = plan }' >terraform/modules/names/tests/names.tftest.hcl
    run -1 "$SCRIPTS/terraform-check"
    has 'format: run terraform fmt'
    terraform fmt -recursive terraform >/dev/null
    run -0 "$SCRIPTS/terraform-check"
    echo 'output "a" { value = missing.thing }' >terraform/dev/back/wrong.tf
    echo 'resource "terraform_data" "x" { nothing = 1 }' >terraform/modules/names/wrong.tf
    run -1 "$SCRIPTS/terraform-check"
    has 'terraform/dev/back: validate'
    has 'terraform/modules/names: validate'
}

@test "a setting comes from GitHub's variables, else from the root's default" {
    cp "$repository/terraform/dev/monitor-instance/variable.tf" terraform/dev/monitor-instance/
    cp "$repository/terraform/dev/back/variable.tf" terraform/dev/back/
    export ROOT=monitor-instance VARIABLE=architecture
    run -0 "$SCRIPTS/terraform-setting"
    [[ $(out value) == arm64 ]]
    TERRAFORM_VARIABLES='{"architecture": "x86_64"}' run -0 "$SCRIPTS/terraform-setting"
    [[ $(out value) == x86_64 ]]
    ROOT=back VARIABLE=github_repository run -1 "$SCRIPTS/terraform-setting"
    has 'add it to TERRAFORM_VARIABLES'
}

@test "outputs are read from the state that backend.tf names, but for sensitive ones" {
    double aws
    cp "$repository/terraform/dev/instance/backend.tf" terraform/dev/instance/
    answer aws s3 cp s3://marketboro-dev-terraform-state/instance/terraform.tfstate <<<'{"outputs": {
        "service_url": {"value": "https://www.example.com", "type": "string"},
        "token": {"value": "hush", "type": "string", "sensitive": true}}}'
    ROOT=instance run -0 "$SCRIPTS/terraform-outputs"
    [[ $(out values) == '{"service_url":"https://www.example.com"}' ]]
    [[ $(calls aws s3 cp) == *"'--region' 'ap-northeast-2'"* ]]
    answer --status 1 --error 'fatal error: An error occurred (404) when calling the HeadObject operation: Not Found' aws s3 cp
    ROOT=instance run -1 "$SCRIPTS/terraform-outputs"
    has 'docs/aws.md has the order'
    answer aws s3 cp <<<'{"outputs": null}'
    ROOT=instance run -1 "$SCRIPTS/terraform-outputs"
    has 'holds no outputs'
}

@test "a difference opens an issue, the next brings it up to date, none closes it" {
    double gh
    echo '### `vpc`: 1 to create' >report.md
    answer gh issue list </dev/null
    answer gh label create
    answer gh issue create
    CHANGED=true run -0 "$SCRIPTS/terraform-drift-issue"
    [[ $(calls gh issue create) == *"'--label' 'terraform-drift'"* ]]
    answer gh issue list <<<12
    answer gh issue edit
    CHANGED=true run -0 "$SCRIPTS/terraform-drift-issue"
    [[ $(calls gh issue edit) == "'gh' 'issue' 'edit' '12'"* ]]
    answer gh issue list <<<12
    answer gh issue close
    CHANGED=false run -0 "$SCRIPTS/terraform-drift-issue"
    answer gh issue list </dev/null
    CHANGED=false run -0 "$SCRIPTS/terraform-drift-issue"
    summary_has 'AWS is as Terraform says.'
}

@test "plans that failed do not close the issue" {
    double gh
    echo '### `vpc`: the plan failed' >report.md
    answer gh issue list <<<12
    answer gh issue edit
    CHANGED='' run -0 "$SCRIPTS/terraform-drift-issue"
}

@test "a pull request gets one comment, which is brought up to date" {
    double gh
    echo 'the plan' >report.md
    answer gh api --paginate </dev/null
    answer gh api --method POST
    run -0 "$SCRIPTS/pull-request-comment"
    [[ $(calls gh api --method POST) == *"'repos/example/marketboro/issues/5/comments'"* ]]
    answer gh api --paginate <<<$'901\n902'
    answer gh api --method PATCH
    run -0 "$SCRIPTS/pull-request-comment"
    [[ $(calls gh api --method PATCH) == *"'repos/example/marketboro/issues/comments/901'"* ]]
    NUMBER='5; true' run -1 "$SCRIPTS/pull-request-comment"
}

@test "a comment is no longer than GitHub takes" {
    # A double that keeps the comment.
    mkdir bin
    printf '#!/usr/bin/env bash\nfor a; do [[ $a != body=@* ]] || cp "${a#body=@}" comment; done\n' >bin/gh
    chmod +x bin/gh
    yes 'a line of some length about a resource' | head -c 200000 >report.md
    PATH=$PWD/bin:$PATH run -0 "$SCRIPTS/pull-request-comment"
    (($(wc -c <comment) < 65000))
    grep -q "the run's summary has all of it" comment
    head -n 1 comment | grep -qx '<!-- terraform-plan -->'
}
