variables {
  name         = "marketboro-dev-github-plan"
  description  = "Plans"
  provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  repository   = "example/marketboro"
  subjects     = ["pull_request", "ref:refs/heads/main"]
  policies     = { look = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

run "trusts_whole_subjects_of_one_repository" {
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:example/marketboro:pull_request", "repo:example/marketboro:ref:refs/heads/main"]
      }
    }
    error_message = "The trust must ask for the audience and whole subjects."
  }

  assert {
    condition = (
      length(jsondecode(aws_iam_role.this.assume_role_policy).Statement) == 1 &&
      jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Action == "sts:AssumeRoleWithWebIdentity" &&
      jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
    )
    error_message = "Nobody but GitHub's provider may assume the role."
  }

  assert {
    condition     = aws_iam_role.this.max_session_duration == 3600
    error_message = "A session must last no longer than an hour unless asked for."
  }
}

run "knows_subjects_with_numbers" {
  variables {
    repository = "example@123456/marketboro@456789"
    subjects   = ["environment:dev"]
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example@123456/marketboro@456789:environment:dev"
    error_message = "The repository must be named as the subject names it."
  }
}

run "has_a_boundary_where_asked_for" {
  variables {
    boundary_arn = "arn:aws:iam::123456789012:policy/marketboro-dev-deployer-boundary"
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/marketboro-dev-deployer-boundary"
    error_message = "The role must be under the boundary."
  }
}

run "rejects_a_repository_by_pattern" {
  command = plan

  variables {
    repository = "example/*"
  }

  expect_failures = [var.repository]
}

run "rejects_subjects_by_pattern" {
  command = plan

  variables {
    subjects = ["ref:refs/heads/*"]
  }

  expect_failures = [var.subjects]
}

run "rejects_no_subjects" {
  command = plan

  variables {
    subjects = []
  }

  expect_failures = [var.subjects]
}

run "rejects_a_policy_that_iam_would" {
  command = plan

  variables {
    policies = { long = jsonencode({ Statement = [for i in range(400) : { Action = "s3:GetObject" }] }) }
  }

  expect_failures = [var.policies]
}

run "rejects_eleven_policies" {
  command = plan

  variables {
    policies = { for i in range(11) : "p${i}" => "{}" }
  }

  expect_failures = [var.policies]
}

run "rejects_a_session_of_a_day" {
  command = plan

  variables {
    max_session_seconds = 86400
  }

  expect_failures = [var.max_session_seconds]
}
