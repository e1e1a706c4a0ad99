data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  influxdb_token_arn = "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:parameter${var.influxdb_token_parameter}"
}

data "aws_iam_policy_document" "task" {
  # A generator looks whether its place is taken, and by which run.
  statement {
    sid       = "FindRuns"
    actions   = ["s3:ListBucket"]
    resources = [module.results.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.results_prefix}/*"]
    }
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${module.results.arn}/${local.results_prefix}/*"]
  }

  statement {
    sid       = "EncryptResults"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${data.aws_region.current.region}.amazonaws.com"]
    }

    # The bucket's, as it has a key of its own for its objects.
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [module.results.arn]
    }
  }
}

module "task_role" {
  source = "../workload-role"

  name         = var.roles.load_generator_task
  description  = "What a load generator itself may do"
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

  statement {
    sid       = "ReadInfluxdbToken"
    actions   = ["ssm:GetParameters"]
    resources = [local.influxdb_token_arn]
  }

  statement {
    sid       = "DecryptInfluxdbToken"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = [local.influxdb_token_arn]
    }
  }
}

module "execution_role" {
  source = "../workload-role"

  name         = var.roles.load_generator_execution
  description  = "What ECS may do to start a load generator"
  service      = "ecs-tasks.amazonaws.com"
  policy       = data.aws_iam_policy_document.execution.json
  boundary_arn = var.boundary_arn
}
