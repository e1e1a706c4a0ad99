# What the host may do, and Grafana on it: both have the instance's role.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account       = data.aws_caller_identity.current.account_id
  region        = data.aws_region.current.region
  backup_prefix = "monitor"

  load_generator_token = "arn:aws:ssm:${local.region}:${local.account}:parameter${var.load_generator_token_parameter}"
  parameters = [
    "arn:aws:ssm:${local.region}:${local.account}:parameter${var.parameter_path}*",
    local.load_generator_token,
  ]
}

data "aws_iam_policy_document" "host" {
  #checkov:skip=CKV_AWS_111:what writes without a resource is the SSM agent's channels, for which AWS knows none
  #checkov:skip=CKV_AWS_356:statements with "*" are of actions for which AWS knows no resource
  source_policy_documents = [
    data.aws_iam_policy_document.grafana.json,
    data.aws_iam_policy_document.secrets.json,
    data.aws_iam_policy_document.backups.json,
  ]

  statement {
    sid       = "FindVolume"
    actions   = ["ec2:DescribeVolumes"]
    resources = ["*"]
  }

  # Detaching as well: from a host that is gone and has not let go.
  statement {
    sid       = "AttachDataVolume"
    actions   = ["ec2:AttachVolume", "ec2:DetachVolume"]
    resources = ["arn:aws:ec2:${local.region}:${local.account}:volume/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${var.data_volume_tag.key}"
      values   = [var.data_volume_tag.value]
    }
  }

  statement {
    sid       = "AttachToMonitorHost"
    actions   = ["ec2:AttachVolume", "ec2:DetachVolume"]
    resources = ["arn:aws:ec2:${local.region}:${local.account}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "AskToBeReplaced"
    actions   = ["autoscaling:SetInstanceHealth"]
    resources = ["arn:aws:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}"]
  }

  # Sessions and commands, without the right to read every parameter that AWS's own policy for it gives.
  statement {
    sid = "SessionManager"
    actions = [
      "ec2messages:AcknowledgeMessage",
      "ec2messages:DeleteMessage",
      "ec2messages:FailMessage",
      "ec2messages:GetEndpoint",
      "ec2messages:GetMessages",
      "ec2messages:SendReply",
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Alert"
    actions   = ["sns:Publish"]
    resources = [var.alerts_topic_arn]
  }

  statement {
    sid       = "AlertToEncryptedTopic"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${local.region}.amazonaws.com"]
    }
  }
}

module "role" {
  source = "../workload-role"

  name         = var.role_name
  description  = "Monitor host, and Grafana on it"
  service      = "ec2.amazonaws.com"
  policy       = data.aws_iam_policy_document.host.json
  boundary_arn = var.boundary_arn
}
