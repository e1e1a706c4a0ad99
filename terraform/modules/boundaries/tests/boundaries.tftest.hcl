variables {
  environment  = "dev"
  region       = "ap-northeast-2"
  state_bucket = "marketboro-dev-terraform-state"
  key_arn      = "arn:aws:kms:ap-northeast-2:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "fit_into_iam_with_the_longest_names" {
  variables {
    environment  = "production"
    state_bucket = "marketboro-production-of-somebody-with-a-long-name-terraform-st"
  }

  assert {
    condition     = alltrue([for document in values(output.documents) : length(jsonencode(jsondecode(document))) <= 6144])
    error_message = "A managed policy may have 6,144 characters."
  }
}

run "what_runs_has_nothing_to_do_with_iam_or_states" {
  assert {
    condition = length([
      for action in flatten([for statement in jsondecode(output.documents.workload).Statement : statement.Action if statement.Effect == "Allow"]) :
      action if can(regex("^(iam|sts|organizations|cloudformation):|^[a-z0-9-]+:\\*$|^\\*$|^ec2:(Run|Create(Image|Security|Vpc|Network)|Authorize|Modify)|^s3:(Put|Delete)Bucket", action))
    ]) == 0
    error_message = "A task or host must never reach IAM, other roles, networks or buckets themselves."
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(output.documents.workload).Statement : [statement.Action, sort(statement.Resource)] if statement.Effect == "Deny"
    ]) == jsonencode([["s3:*", ["arn:aws:s3:::marketboro-dev-terraform-state", "arn:aws:s3:::marketboro-dev-terraform-state/*"]]])
    error_message = "A task or host must never see a state."
  }
}

run "what_applies_cannot_raise_itself" {
  assert {
    condition = length(setsubtract(
      [
        "arn:aws:iam::123456789012:oidc-provider/*",
        "arn:aws:iam::123456789012:policy/marketboro-dev-deployer-boundary",
        "arn:aws:iam::123456789012:policy/marketboro-dev-github-*",
        "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary",
        "arn:aws:iam::123456789012:role/marketboro-dev-github-*",
      ],
      flatten([for statement in jsondecode(output.documents.deployer).Statement : statement.Resource if statement.Effect == "Deny" && contains(flatten([statement.Action]), "iam:Put*")]),
    )) == 0
    error_message = "The boundaries, GitHub's roles and their provider must be out of reach."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.documents.deployer).Statement :
      statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
      if statement.Effect == "Allow" && length(setintersection(flatten([statement.Action]), ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy"])) > 0
    ])
    error_message = "It may make and change no role but under the workload boundary."
  }

  assert {
    condition = contains(
      flatten([for statement in jsondecode(output.documents.deployer).Statement : statement.Action if statement.Effect == "Deny"]),
      "iam:DeleteRolePermissionsBoundary",
    )
    error_message = "It may take no boundary away."
  }

  # No service whole on everything: each is limited to this region and account, or to the environment's names.
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(output.documents.deployer).Statement : [
        for action in flatten([statement.Action]) : !can(regex(":\\*$|^\\*$", action))
      ] if statement.Effect == "Allow" && contains(flatten([try(statement.Resource, [])]), "*")
    ]))
    error_message = "No service may be allowed whole on all resources."
  }
}
