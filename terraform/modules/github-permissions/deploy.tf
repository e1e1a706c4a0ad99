# Pushes both images, gives the service a new revision of its task definition, and looks whether it came up.

data "aws_iam_policy_document" "deploy" {
  # A login is for the registry, not for a repository.
  statement {
    sid       = "Login"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  # The load generator's too: both are built of the same commit, and a load test builds nothing.
  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:DescribeImageScanFindings",
      "ecr:DescribeRepositories",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:ListImages",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = values(local.repositories)
  }

  # ECS judges none of these by family or task. A task definition is worth the roles that it may be given.
  statement {
    sid       = "TaskDefinition"
    actions   = ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:RegisterTaskDefinition"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  # The template's tags go over to each revision.
  statement {
    sid       = "TagTaskDefinition"
    actions   = ["ecs:TagResource"]
    resources = ["arn:aws:ecs:${local.at}:task-definition/${module.names.service}:*"]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RegisterTaskDefinition"]
    }
  }

  statement {
    sid = "Service"
    actions = [
      "ecs:DescribeServices",
      "ecs:ListServiceDeployments",
      "ecs:UpdateService",
    ]
    resources = [local.service]
  }

  statement {
    sid     = "Deployments"
    actions = ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:StopServiceDeployment"]
    resources = [
      "arn:aws:ecs:${local.at}:service-deployment/${module.names.cluster}/${module.names.service}/*",
      "arn:aws:ecs:${local.at}:service-revision/${module.names.cluster}/${module.names.service}/*",
    ]
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = [local.roles.service_task, local.roles.service_execution]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "Tasks"
    actions   = ["ecs:DescribeTasks"]
    resources = [local.tasks]
  }

  statement {
    sid       = "FindTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [local.cluster]
    }
  }

  # Why it did not come up: the balancer's checks, and what the service said.
  statement {
    sid       = "Health"
    actions   = ["elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid     = "ServiceLogs"
    actions = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    resources = [
      "arn:aws:logs:${local.at}:log-group:${module.names.service_log_group}",
      "arn:aws:logs:${local.at}:log-group:${module.names.service_log_group}:*",
    ]
  }
}
