# The role that applies works with what the five roots make, in this region. It cannot raise itself or others: roles it
# makes are under the workload boundary, and the boundaries, GitHub's roles and their provider are out of its reach. Nor
# does it read data.

data "aws_iam_policy_document" "deployer" {
  #checkov:skip=CKV_AWS_111:it caps, it allows nothing by itself
  #checkov:skip=CKV_AWS_356:it caps, it allows nothing by itself
  statement {
    sid = "Services"
    actions = [
      "acm:*",
      "application-autoscaling:*",
      "autoscaling:*",
      "cloudwatch:*",
      "dlm:*",
      "dynamodb:*",
      "ec2:*",
      "ecr:*",
      "ecs:*",
      "elasticloadbalancing:*",
      "kms:*",
      "logs:*",
      "sns:*",
      "wafv2:*",
    ]
    resources = concat(
      [for service in ["acm", "application-autoscaling", "autoscaling", "cloudwatch", "dlm", "ec2", "elasticloadbalancing", "logs", "wafv2"] : "arn:aws:${service}:${local.at}:*"],
      # Images and snapshots belong to no account by their ARN.
      ["arn:aws:ec2:${var.region}::*"],
      [
        var.key_arn,
        "arn:aws:dynamodb:${local.at}:table/${local.prefix}-*",
        "arn:aws:ecr:${local.at}:repository/${local.prefix}-*",
        "arn:aws:ecs:${local.at}:*",
        "arn:aws:sns:${local.at}:${local.prefix}-*",
      ],
    )
  }

  statement {
    sid       = "Buckets"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::${local.prefix}-*", local.state_bucket, "${local.state_bucket}/*"]
  }

  # What AWS limits to no resource.
  statement {
    sid = "Region"
    actions = [
      "acm:ListCertificates",
      "acm:RequestCertificate",
      "application-autoscaling:Describe*",
      "autoscaling:Describe*",
      "dlm:CreateLifecyclePolicy",
      "dlm:Get*",
      "ec2:Describe*",
      "ec2:GetManagedPrefixListEntries",
      "ecs:DeregisterTaskDefinition",
      "ecs:Describe*",
      "ecs:RegisterTaskDefinition",
      "elasticloadbalancing:Describe*",
      "elasticloadbalancing:SetWebAcl",
      "kms:ListAliases",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:Describe*",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
      "sns:GetSubscriptionAttributes",
      "sns:SetSubscriptionAttributes",
      "sns:Unsubscribe",
      "wafv2:List*",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid       = "KeysOfAws"
    actions   = local.keys_of_aws.actions
    resources = local.keys_of_aws.resources

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.keys_of_aws.services
    }
  }

  # Route 53 has no regions.
  statement {
    sid = "Zones"
    actions = [
      "route53:AssociateVPCWithHostedZone",
      "route53:ChangeResourceRecordSets",
      "route53:ChangeTagsForResource",
      "route53:CreateHostedZone",
      "route53:DeleteHostedZone",
      "route53:DisassociateVPCFromHostedZone",
      "route53:Get*",
      "route53:List*",
      "route53:UpdateHostedZoneComment",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "ReadRoles"
    actions   = ["iam:Get*", "iam:List*"]
    resources = ["arn:aws:iam::${local.account}:*"]
  }

  statement {
    sid       = "BoundRoles"
    actions   = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = local.workload_roles

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arns.workload]
    }
  }

  statement {
    sid = "Roles"
    actions = [
      "iam:*InstanceProfile",
      "iam:DeleteRole",
      "iam:PassRole",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole*",
    ]
    resources = concat(local.workload_roles, ["arn:aws:iam::${local.account}:instance-profile/${local.prefix}-*"])
  }

  statement {
    sid       = "RolesOfServices"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:aws:iam::${local.account}:role/aws-service-role/*"]
  }

  # Said again as a refusal, so that no widening above undoes it.
  statement {
    sid    = "NotItself"
    effect = "Deny"
    actions = [
      "iam:Add*",
      "iam:Attach*",
      "iam:Create*",
      "iam:Delete*",
      "iam:Detach*",
      "iam:PassRole",
      "iam:Put*",
      "iam:Remove*",
      "iam:Set*",
      "iam:Tag*",
      "iam:Untag*",
      "iam:Update*",
    ]
    resources = concat(
      values(local.boundary_arns),
      [
        "arn:aws:iam::${local.account}:oidc-provider/*",
        "arn:aws:iam::${local.account}:policy/${local.prefix}-github-*",
        "arn:aws:iam::${local.account}:role/${local.prefix}-github-*",
      ],
    )
  }

  statement {
    sid       = "NeverUnbound"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"]
  }

  statement {
    sid       = "KeepKey"
    effect    = "Deny"
    actions   = ["kms:CreateGrant", "kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
    resources = [var.key_arn]
  }

  statement {
    sid    = "NoItems"
    effect = "Deny"
    actions = [
      "dynamodb:*Item",
      "dynamodb:ExportTableToPointInTime",
      "dynamodb:GetRecords",
      "dynamodb:PartiQL*",
      "dynamodb:Query",
      "dynamodb:Scan",
    ]
    not_resources = [local.lock_table]
  }

  statement {
    sid           = "NoObjects"
    effect        = "Deny"
    actions       = ["s3:GetObject*", "s3:PutObject*"]
    not_resources = ["${local.state_bucket}/*"]
  }

  statement {
    sid       = "NoLogs"
    effect    = "Deny"
    actions   = ["ecs:ExecuteCommand", "ec2:GetConsole*", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:Start*"]
    resources = ["*"]
  }
}
