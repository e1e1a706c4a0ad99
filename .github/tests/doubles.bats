#!/usr/bin/env bats
# The doubles themselves, and what every script stands on: report.sh, aws.sh, retry.

setup() {
    load doubles
    job deploy
    double aws
}

@test "answers come in their order, and each call is recorded" {
    answer aws ecs describe-services <<<'{"services": [1]}'
    answer aws ecs describe-services <<<'{"services": [2]}'
    [[ $(aws ecs describe-services --services a) == '{"services": [1]}' ]]
    [[ $(aws ecs describe-services --services 'b c') == '{"services": [2]}' ]]
    [[ $(calls aws ecs describe-services | tail -n 1) == "'aws' 'ecs' 'describe-services' '--services' 'b c'" ]]
    doubles_are_done
}

@test "an answer for some calls alone, for all of them" {
    answer --always --when 'tasks two' aws ecs describe-tasks <<<'{"tasks": [2]}'
    answer --always aws ecs describe-tasks <<<'{"tasks": [1]}'
    [[ $(aws ecs describe-tasks --tasks one) == '{"tasks": [1]}' ]]
    [[ $(aws ecs describe-tasks --tasks two) == '{"tasks": [2]}' ]]
    [[ $(aws ecs describe-tasks --tasks one) == '{"tasks": [1]}' ]]
    doubles_are_done
}

@test "what a call is given is kept" {
    echo '{"family": "a", "containerDefinitions": []}' >given.json
    answer aws ecs register-task-definition <<<'{}'
    aws ecs register-task-definition --cli-input-json file://given.json
    [[ $(input aws ecs register-task-definition | jq -r .family) == a ]]
}

@test "a call without an answer fails, and so does an answer without a call" {
    run -99 aws ecs describe-services --services a
    has 'no answer was laid down'
    run ! doubles_are_done
    rm "$DOUBLES/unexpected"
    answer aws ecs update-service <<<'{}'
    run ! doubles_are_done
    has 'no call took the answer for: aws ecs update-service'
}

@test "a call that the AWS command line does not take fails" {
    answer --always aws ecs <<<'{}'
    run -99 aws ecs describe-service --services a
    has 'does not take this'
    run -99 aws ecs describe-services --sevices a
    has 'does not take this'
    echo '{"family": "a", "containerDefinitions": [{"nme": "b"}]}' >given.json
    run -99 aws ecs register-task-definition --cli-input-json file://given.json
    has 'Unknown parameter in containerDefinitions[0]: "nme"'
}

@test "a call that the role of the job does not allow fails" {
    answer --always aws ecs <<<'{}'
    run -99 aws ecs delete-service --service a
    has 'the role deploy does not have ecs:DeleteService'
    run -99 aws ecs run-task --task-definition a
    has 'the role deploy does not have ecs:RunTask'
    run -0 aws ecs wait services-stable --services a
}

@test "aws_call says what to do about a missing permission, an expired session, a throttle" {
    # shellcheck source=../scripts/report.sh
    source "$SCRIPTS/report.sh"
    # shellcheck source=../scripts/aws.sh
    source "$SCRIPTS/aws.sh"
    answer --status 254 --error 'An error occurred (AccessDeniedException) when calling UpdateService: 100% no' aws ecs update-service
    run -1 aws_call ecs update-service --service a
    has '::error::AWS does not let this job'"'"'s role call "ecs update-service". An administrator applies root back'
    has '100%25 no'
    answer --status 254 --error 'An error occurred (ExpiredTokenException)' aws ecs update-service
    run -1 aws_call ecs update-service --service a
    has 'Run the job again'
    answer --status 254 --error 'An error occurred (ThrottlingException)' aws ecs update-service
    run -1 aws_call ecs update-service --service a
    has 'in some minutes'
    answer --status 254 --error 'An error occurred (InvalidParameterException): no' aws ecs update-service
    run -1 aws_call ecs update-service --service a
    has 'AWS refused "ecs update-service": An error occurred (InvalidParameterException): no'
    doubles_are_done
}

@test "an annotation and an output stay one line" {
    # shellcheck source=../scripts/report.sh
    source "$SCRIPTS/report.sh"
    run -0 annotation notice $'50%\nnext\r'
    [[ $output == '::notice::50%25%0Anext%0D' ]]
    run -1 output name $'value\nother=1'
    [[ ! -s $GITHUB_OUTPUT ]]
    output name 'a value'
    [[ $(<"$GITHUB_OUTPUT") == 'name=a value' ]]
    unset MISSING
    run -1 need MISSING
    has 'MISSING is not set'
}

@test "what others wrote is no command to the runner" {
    # shellcheck source=../scripts/report.sh
    source "$SCRIPTS/report.sh"
    run -0 as_text <<<$'::add-path::/tmp\n \t::error::no\na::b\n ##[command]x'
    [[ $output == $': :add-path::/tmp\n \t: :error::no\na::b\n ## [command]x' ]]
}

@test "retry tries until it works, and no longer" {
    double flaky
    answer --status 7 flaky
    answer flaky
    run -0 "$SCRIPTS/retry" 3 flaky one 'two words'
    [[ $(call_count flaky) == 2 && $(calls flaky | tail -n 1) == "'flaky' 'one' 'two words'" ]]
    answer --always --status 7 flaky
    run -7 "$SCRIPTS/retry" 3 flaky
    [[ $(call_count flaky) == 5 ]]
    run -1 "$SCRIPTS/retry" flaky
}
