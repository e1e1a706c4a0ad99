# What Terraform reads of the five roots' resources and data sources, and no content of any: all of plan's rights
# beside the states, and the part of apply's that changes nothing.

data "aws_iam_policy_document" "refresh" {
  # AWS limits none of these to a resource.
  statement {
    sid = "ReadRegion"
    actions = [
      "acm:ListCertificates",
      "application-autoscaling:Describe*",
      "autoscaling:Describe*",
      "dlm:GetLifecyclePolicies",
      "ec2:Describe*",
      "ecs:DescribeTaskDefinition",
      "elasticloadbalancing:Describe*",
      "kms:ListAliases",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "sns:GetSubscriptionAttributes",
      "wafv2:ListIPSets",
      "wafv2:ListLoggingConfigurations",
      "wafv2:ListWebACLs",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  # Things whose ids AWS makes up.
  statement {
    sid = "ReadByKind"
    actions = [
      "acm:DescribeCertificate",
      "acm:ListTagsForCertificate",
      "application-autoscaling:ListTagsForResource",
      "dlm:GetLifecyclePolicy",
      "dlm:ListTagsForResource",
      "ec2:GetManagedPrefixListEntries",
    ]
    resources = [
      "arn:aws:acm:${local.at}:certificate/*",
      "arn:aws:application-autoscaling:${local.at}:scalable-target/*",
      "arn:aws:dlm:${local.at}:policy/*",
      # AWS's own lists, such as that of DynamoDB's addresses.
      "arn:aws:ec2:${var.region}:aws:prefix-list/*",
    ]
  }

  statement {
    sid     = "ReadService"
    actions = ["ecs:DescribeClusters", "ecs:DescribeServices", "ecs:ListTagsForResource"]
    resources = [
      local.cluster,
      "arn:aws:ecs:${local.at}:service/${module.names.cluster}/*",
      "arn:aws:ecs:${local.at}:task-definition/${local.prefix}-*:*",
    ]
  }

  statement {
    sid       = "ReadAlarms"
    actions   = ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"]
    resources = ["arn:aws:cloudwatch:${local.at}:alarm:*"]
  }

  statement {
    sid       = "ReadLogGroups"
    actions   = ["logs:DescribeMetricFilters", "logs:ListTagsForResource"]
    resources = flatten([for group in local.log_groups : [group, "${group}:*"]])
  }

  # Zones are found by name among all.
  statement {
    sid       = "FindZones"
    actions   = ["route53:ListHostedZones", "route53:ListHostedZonesByName"]
    resources = ["*"]
  }

  statement {
    sid = "ReadZones"
    actions = [
      "route53:GetChange",
      "route53:GetDNSSEC",
      "route53:GetHostedZone",
      "route53:ListResourceRecordSets",
      "route53:ListTagsForResource",
    ]
    resources = ["arn:aws:route53:::change/*", "arn:aws:route53:::hostedzone/*"]
  }

  statement {
    sid = "ReadRoles"
    actions = [
      "iam:GetInstanceProfile",
      "iam:GetOpenIDConnectProvider",
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListInstanceProfileTags",
      "iam:ListOpenIDConnectProviderTags",
      "iam:ListPolicyTags",
      "iam:ListPolicyVersions",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
    ]
    resources = [
      "arn:aws:iam::${local.account}:instance-profile/${local.prefix}-*",
      "arn:aws:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com",
      "arn:aws:iam::${local.account}:policy/${local.prefix}-*",
      "arn:aws:iam::${local.account}:role/${local.prefix}-*",
    ]
  }

  statement {
    sid = "ReadBuckets"
    actions = [
      "s3:GetAccelerateConfiguration",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListBucket",
      "s3:ListTagsForResource",
    ]
    resources = local.buckets
  }

  statement {
    sid       = "ReadTables"
    actions   = ["dynamodb:Describe*", "dynamodb:ListTagsOfResource"]
    resources = local.tables
  }

  statement {
    sid       = "ReadRepositories"
    actions   = ["ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource"]
    resources = values(local.repositories)
  }

  statement {
    sid       = "ReadKey"
    actions   = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
    resources = [var.key_arn]
  }

  statement {
    sid       = "ReadTopic"
    actions   = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"]
    resources = ["arn:aws:sns:${local.at}:${module.names.alerts_topic}"]
  }

  statement {
    sid       = "ReadFirewall"
    actions   = ["wafv2:GetIPSet", "wafv2:GetLoggingConfiguration", "wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:ListTagsForResource"]
    resources = concat(local.firewall, local.balancers)
  }
}
