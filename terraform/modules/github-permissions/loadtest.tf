# Runs load generators as tasks, lets them through the web firewall, and collects what they found.

data "aws_iam_policy_document" "loadtest" {
  statement {
    sid       = "Run"
    actions   = ["ecs:RunTask"]
    resources = [local.load_generator_family]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [local.cluster]
    }

    dynamic "condition" {
      for_each = module.names.load_test_tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "TagNewTask"
    actions   = ["ecs:TagResource"]
    resources = [local.tasks]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }

  # Its own tasks, never the service's.
  statement {
    sid       = "Stop"
    actions   = ["ecs:StopTask"]
    resources = [local.tasks]

    dynamic "condition" {
      for_each = module.names.load_test_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
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

  # A revision with the image to measure with. ECS judges none of these by family; the addresses of tasks are those of
  # their network interfaces.
  statement {
    sid = "TaskDefinition"
    actions = [
      "ec2:DescribeNetworkInterfaces",
      "ecs:DescribeTaskDefinition",
      "ecs:ListTaskDefinitions",
      "ecs:RegisterTaskDefinition",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid       = "TagTaskDefinition"
    actions   = ["ecs:TagResource"]
    resources = [local.load_generator_family]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RegisterTaskDefinition"]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = [local.roles.load_generator_task, local.roles.load_generator_execution]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "FindImage"
    actions   = ["ecr:DescribeImages"]
    resources = [local.repositories.loadgen]
  }

  statement {
    sid     = "Logs"
    actions = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    resources = [
      "arn:aws:logs:${local.at}:log-group:${module.names.load_generator_log_group}",
      "arn:aws:logs:${local.at}:log-group:${module.names.load_generator_log_group}:*",
    ]
  }

  statement {
    sid       = "FindResults"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [local.results_bucket]
  }

  statement {
    sid       = "Results"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.results_bucket}/*"]
  }

  statement {
    sid       = "ResultsKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.results_bucket, "${local.results_bucket}/*"]
    }
  }

  statement {
    sid       = "LetThrough"
    actions   = ["wafv2:GetIPSet", "wafv2:UpdateIPSet"]
    resources = [local.generator_ip_set]
  }
}
