variables {
  environment  = "dev"
  region       = "ap-northeast-2"
  state_bucket = "marketboro-dev-terraform-state"
  key_arn      = "arn:aws:kms:ap-northeast-2:123456789012:key/11111111-2222-3333-4444-555555555555"
  zone_name    = "marketboro.click"
}

run "fits_into_iam_with_the_longest_names" {
  variables {
    environment  = "production"
    region       = "ap-northeast-2"
    state_bucket = "marketboro-production-of-somebody-with-a-long-name-terraform-st"
    zone_name    = "a-long-name-for-a-zone-that-somebody-has.example.com"
  }

  assert {
    condition = alltrue([
      for policy in concat(values(output.plan), values(output.apply), values(output.deploy), values(output.image), values(output.loadtest)) :
      length(jsonencode(jsondecode(policy))) <= 6144
    ])
    error_message = "A managed policy may have 6,144 characters: split the one that has more."
  }

  assert {
    condition     = alltrue([for policies in [output.plan, output.apply, output.deploy, output.image, output.loadtest] : length(policies) <= 10])
    error_message = "IAM attaches ten policies to a role."
  }
}

run "grants_nothing_on_everything" {
  # Each action of each permission on everything, as often as it occurs.
  assert {
    condition = alltrue(flatten([
      for policy in concat(values(output.plan), values(output.apply), values(output.deploy), values(output.image), values(output.loadtest)) : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : can(regex("^[a-z0-9-]+:(Describe|Get|List)[A-Za-z]*\\*?$|^[a-z0-9-]+:[A-Za-z]+$", action))
        ] if statement.Effect == "Allow" && contains(flatten([try(statement.Resource, [])]), "*")
      ]
    ]))
    error_message = "On all resources there may be single actions and groups of reads, and no other wildcard."
  }

  assert {
    condition = alltrue(flatten([
      for policy in concat(values(output.plan), values(output.apply), values(output.deploy), values(output.image), values(output.loadtest)) : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : !can(regex(":\\*$|^\\*$", action))
        ] if statement.Effect == "Allow"
      ]
    ]))
    error_message = "Nobody may have all of a service."
  }

  # Writes that AWS limits to no resource, all of them.
  assert {
    condition = toset(flatten([
      for policy in concat(values(output.plan), values(output.apply), values(output.deploy), values(output.image), values(output.loadtest)) : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : action if !can(regex("^[a-z0-9-]+:(Describe|Get|List)", action))
        ] if statement.Effect == "Allow" && contains(flatten([try(statement.Resource, [])]), "*")
      ]
      ])) == toset([
      "acm:RequestCertificate",
      "dlm:CreateLifecyclePolicy",
      "ecs:DeregisterTaskDefinition",
      "ecs:RegisterTaskDefinition",
      "elasticloadbalancing:SetWebAcl",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
      "route53:CreateHostedZone",
      "sns:SetSubscriptionAttributes",
      "sns:Unsubscribe",
    ])
    error_message = "A write on all resources came or went: is there really no resource to limit it to?"
  }
}

run "plan_reads_and_reads_no_data" {
  assert {
    condition = alltrue(flatten([
      for policy in values(output.plan) : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : can(regex("^[a-z0-9-]+:(Describe|Get|List)", action)) || action == "kms:Decrypt"
        ] if statement.Effect == "Allow"
      ]
    ]))
    error_message = "A plan may only read."
  }

  assert {
    condition = length(setsubtract(
      [
        "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "kms:Decrypt", "logs:GetLogEvents", "s3:GetObject*",
        "secretsmanager:GetSecretValue", "ssm:GetParameter*", "ssm:SendCommand", "ssm:StartSession", "sts:AssumeRole",
      ],
      flatten([for statement in jsondecode(output.plan["no-data"]).Statement : statement.Action if statement.Effect == "Deny"]),
    )) == 0
    error_message = "A plan must be refused items, secrets, objects and logs, whatever else its role is given."
  }

  assert {
    condition = jsonencode(flatten([
      for policy in values(output.plan) : [
        for statement in jsondecode(policy).Statement : statement.Resource
        if statement.Effect == "Allow" && contains(flatten([statement.Action]), "s3:GetObject")
      ]
    ])) == jsonencode(["arn:aws:s3:::marketboro-dev-terraform-state/*"])
    error_message = "A plan may read no objects but states."
  }

  assert {
    condition = jsonencode(flatten([
      for policy in values(output.plan) : [
        for statement in jsondecode(policy).Statement : [statement.Resource, statement.Condition.StringEquals["kms:ViaService"]]
        if statement.Effect == "Allow" && contains(flatten([statement.Action]), "kms:Decrypt")
      ]
    ])) == jsonencode([var.key_arn, "s3.ap-northeast-2.amazonaws.com"])
    error_message = "A plan may decrypt through S3 alone."
  }
}

run "apply_makes_bound_roles_alone" {
  assert {
    condition = alltrue(flatten([
      for policy in values(output.apply) : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) :
          statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
          if contains(["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"], action)
        ] if statement.Effect == "Allow"
      ]
    ]))
    error_message = "Roles must be made and changed under the workload boundary alone."
  }

  assert {
    condition = length([
      for action in flatten([for policy in values(output.apply) : [for statement in jsondecode(policy).Statement : statement.Action if statement.Effect == "Allow"]]) :
      action if can(regex("^iam:(Attach|CreatePolicy|CreateOpen|CreateUser|CreateAccess|DeleteRolePermissions|.*OpenIDConnectProvider$|SetDefault)", action)) && !can(regex("^iam:Get", action))
    ]) == 0
    error_message = "Policies, providers, users and boundaries are an administrator's."
  }

  assert {
    condition = jsonencode({ for statement in jsondecode(output.apply.roles).Statement : statement.Condition.StringEquals["iam:PassedToService"] => sort(flatten([statement.Resource])) if statement.Action == "iam:PassRole" }) == jsonencode({
      "ecs-tasks.amazonaws.com" = sort([
        for role in ["loadgen-execution", "loadgen-task", "service-execution", "service-task"] : "arn:aws:iam::123456789012:role/marketboro-dev-${role}"
      ])
      "ec2.amazonaws.com"           = ["arn:aws:iam::123456789012:role/marketboro-dev-monitor-host"]
      "dlm.amazonaws.com"           = ["arn:aws:iam::123456789012:role/marketboro-dev-snapshots"]
      "vpc-flow-logs.amazonaws.com" = ["arn:aws:iam::123456789012:role/marketboro-dev-flow-logs"]
    })
    error_message = "Each role must be passed to its own service alone."
  }
}

run "apply_changes_what_is_tagged_as_its_own" {
  assert {
    condition = alltrue([
      for statement in concat(jsondecode(output.apply.network).Statement, jsondecode(output.apply.monitor).Statement) :
      try(statement.Condition.StringEquals["aws:ResourceTag/Environment"], statement.Condition.StringEquals["aws:RequestTag/Environment"]) == "dev"
      if length([for action in flatten([statement.Action]) : action if can(regex("^ec2:(Create(Vpc|Subnet|Sec|Route|Internet|Flow|Launch)|Delete|Modify|Attach|Detach|Authorize|Associate|Replace)", action))]) > 0
    ])
    error_message = "What EC2 names by chance must be told by its tag."
  }

  assert {
    condition = jsonencode(one([for statement in jsondecode(output.apply.network).Statement : sort(flatten([values(statement.Condition["ForAllValues:StringLike"])])) if statement.Action == "route53:ChangeResourceRecordSets"])) == jsonencode(sort([
      "*.dev.marketboro.internal",
      "www.marketboro.click", "_*.www.marketboro.click",
      "grafana.marketboro.click", "_*.grafana.marketboro.click",
    ]))
    error_message = "In the public zone no records but www and grafana, and their certificates', may be changed."
  }

  assert {
    condition = jsonencode(one([for statement in jsondecode(output.apply.storage).Statement : sort(flatten([statement.Action])) if statement.Effect == "Deny"])) == jsonencode([
      "dynamodb:DeleteTable", "s3:DeleteBucket", "s3:DeleteObjectVersion",
    ])
    error_message = "No workflow may end the history of states."
  }
}

run "deploy_deploys_one_service" {
  assert {
    condition = jsonencode({
      for statement in jsondecode(output.deploy.deploy).Statement : statement.Sid => sort(flatten([statement.Resource]))
      if contains(["Service", "PassRoles", "Push"], statement.Sid)
      }) == jsonencode({
      Service   = ["arn:aws:ecs:ap-northeast-2:123456789012:service/marketboro-dev/marketboro-dev-service"]
      PassRoles = ["arn:aws:iam::123456789012:role/marketboro-dev-service-execution", "arn:aws:iam::123456789012:role/marketboro-dev-service-task"]
      Push      = ["arn:aws:ecr:ap-northeast-2:123456789012:repository/marketboro-dev-loadgen", "arn:aws:ecr:ap-northeast-2:123456789012:repository/marketboro-dev-service"]
    })
    error_message = "It may deploy one service with its two roles, and push two images."
  }
}

run "image_builds_and_passes_no_role" {
  assert {
    condition = length([
      for action in flatten([for policy in values(output.image) : [for statement in jsondecode(policy).Statement : statement.Action if statement.Effect == "Allow"]]) :
      action if can(regex("^(iam|sts|s3|kms):|ModifySnapshotAttribute|Attach|AssociateIam", action))
    ]) == 0
    error_message = "What builds an image needs no role, no bucket and no key, and shares nothing."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.image.build).Statement :
      try(statement.Condition.StringEquals["aws:ResourceTag/Purpose"], "") == "image-build"
      if statement.Effect == "Allow" && length([for action in flatten([statement.Action]) : action if can(regex("^ec2:(Delete|Deregister|Terminate|Stop|Modify|Authorize|EnableImage)", action))]) > 0
    ])
    error_message = "It may change and delete what it made alone."
  }

  assert {
    condition = jsonencode({ for statement in jsondecode(output.image.monitor).Statement : statement.Sid => [statement.Resource, try(statement.Condition.StringEquals, {})] if contains(["CommandOnMonitor", "CommandShell", "Refresh"], statement.Sid) }) == jsonencode({
      CommandOnMonitor = ["arn:aws:ec2:ap-northeast-2:123456789012:instance/*", { "ssm:resourceTag/Name" = "marketboro-dev-monitor" }]
      CommandShell     = ["arn:aws:ssm:ap-northeast-2::document/AWS-RunShellScript", {}]
      Refresh          = ["arn:aws:autoscaling:ap-northeast-2:123456789012:autoScalingGroup:*:autoScalingGroupName/marketboro-dev-monitor", {}]
    })
    error_message = "It may run commands on the monitor host and refresh its group alone."
  }
}

run "loadtest_runs_generators_alone" {
  assert {
    condition = jsonencode({
      for statement in jsondecode(output.loadtest.loadtest).Statement : statement.Sid => sort(flatten([statement.Resource]))
      if contains(["Run", "PassRoles", "LetThrough", "Results"], statement.Sid)
      }) == jsonencode({
      Run        = ["arn:aws:ecs:ap-northeast-2:123456789012:task-definition/marketboro-dev-loadgen:*"]
      PassRoles  = ["arn:aws:iam::123456789012:role/marketboro-dev-loadgen-execution", "arn:aws:iam::123456789012:role/marketboro-dev-loadgen-task"]
      LetThrough = ["arn:aws:wafv2:ap-northeast-2:123456789012:regional/ipset/marketboro-dev-load-generators/*"]
      Results    = ["arn:aws:s3:::marketboro-dev-load-test-results-123456789012/*"]
    })
    error_message = "It may run generators with their two roles, let them through, and keep their results."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.loadtest.loadtest).Statement :
      statement.Condition.StringEquals["aws:ResourceTag/Purpose"] == "loadtest" if statement.Sid == "Stop"
    ])
    error_message = "It may stop its own tasks alone."
  }
}
