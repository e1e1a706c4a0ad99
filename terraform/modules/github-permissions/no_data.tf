# What a plan must never see, whatever is attached to its role besides: anybody's pull request is planned with it.

data "aws_iam_policy_document" "no_data" {
  statement {
    sid    = "NoItems"
    effect = "Deny"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:ExportTableToPointInTime",
      "dynamodb:GetItem",
      "dynamodb:GetRecords",
      "dynamodb:PartiQL*",
      "dynamodb:Query",
      "dynamodb:Scan",
    ]
    not_resources = [local.lock_table]
  }

  # Backups of the monitor host, results of load tests, access logs.
  statement {
    sid           = "NoObjects"
    effect        = "Deny"
    actions       = ["s3:GetObject*"]
    not_resources = ["${local.state_bucket}/*"]
  }

  statement {
    sid    = "NoSecrets"
    effect = "Deny"
    actions = [
      "ebs:GetSnapshotBlock",
      "ec2:GetConsole*",
      "ec2:GetPasswordData",
      "ecs:ExecuteCommand",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:GetLogRecord",
      "logs:GetQueryResults",
      "logs:StartLiveTail",
      "logs:StartQuery",
      "secretsmanager:BatchGetSecretValue",
      "secretsmanager:GetSecretValue",
      "ssm:GetParameter*",
      "ssm:SendCommand",
      "ssm:StartSession",
      "sts:AssumeRole",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "NoOtherUseOfKeys"
    effect    = "Deny"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    condition {
      test     = "StringNotEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}
