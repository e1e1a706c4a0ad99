data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  secret_arns = {
    for name, parameter in var.secrets :
    name => "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:parameter${parameter}"
  }
}

data "aws_iam_policy_document" "task" {
  statement {
    sid = "Items"
    actions = [
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Scan",
    ]
    resources = [var.table_arn]
  }
}

module "task_role" {
  source = "../workload-role"

  name         = var.roles.service_task
  description  = "What the service itself may do"
  service      = "ecs-tasks.amazonaws.com"
  policy       = data.aws_iam_policy_document.task.json
  boundary_arn = var.boundary_arn
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # It knows no resource: the token opens what the next statement allows.
  }

  statement {
    sid = "PullImage"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]
    resources = [var.repository_arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  dynamic "statement" {
    for_each = length(var.secrets) == 0 ? [] : ["secrets"]

    content {
      sid       = "ReadSecrets"
      actions   = ["ssm:GetParameters"]
      resources = values(local.secret_arns)
    }
  }

  dynamic "statement" {
    for_each = length(var.secrets) == 0 ? [] : ["secrets"]

    content {
      sid       = "DecryptSecrets"
      actions   = ["kms:Decrypt"]
      resources = [var.key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:EncryptionContext:PARAMETER_ARN"
        values   = values(local.secret_arns)
      }
    }
  }
}

module "execution_role" {
  source = "../workload-role"

  name         = var.roles.service_execution
  description  = "What ECS may do to start the service"
  service      = "ecs-tasks.amazonaws.com"
  policy       = data.aws_iam_policy_document.execution.json
  boundary_arn = var.boundary_arn
}
