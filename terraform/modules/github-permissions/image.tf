# Builds the monitor host's image with Packer, brings it to the host and asks the host how it is.
#
# Packer reaches the machine that it builds on over SSH, with a key and a security group made for the build, the group
# open to the builder's address alone (temporary_security_group_source_public_ip). The machine has no instance profile:
# what a build runs has no rights in AWS, and this role passes no role. All that a build makes bears image_build_tags of
# module names (run_tags, run_volume_tags, tags and snapshot_tags), and nothing else can be changed or deleted.

locals {
  build_tags = module.names.image_build_tags
  # Images and snapshots belong to no account by their ARN.
  images    = "arn:aws:ec2:${var.region}::image/*"
  snapshots = "arn:aws:ec2:${var.region}::snapshot/*"
}

data "aws_iam_policy_document" "image_build" {
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeImages",
      "ec2:DescribeInstances",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstanceTypeOfferings",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeKeyPairs",
      "ec2:DescribeRegions",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSnapshots",
      "ec2:DescribeSubnets",
      "ec2:DescribeTags",
      "ec2:DescribeVolumes",
      "ec2:DescribeVpcs",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  # Each action with the kinds that it makes alone: what they are made of is judged below, by its own tags.
  dynamic "statement" {
    for_each = {
      MakeMachine = { actions = ["RunInstances"], of = [for kind in ["instance", "volume"] : "arn:aws:ec2:${local.at}:${kind}/*"] }
      MakeAccess = {
        actions = ["CreateKeyPair", "CreateSecurityGroup"]
        of      = [for kind in ["key-pair", "security-group"] : "arn:aws:ec2:${local.at}:${kind}/*"]
      }
      MakeImage = { actions = ["CopyImage", "CreateImage", "CreateSnapshot"], of = [local.images, local.snapshots] }
    }

    content {
      sid       = statement.key
      actions   = [for action in statement.value.actions : "ec2:${action}"]
      resources = statement.value.of

      dynamic "condition" {
        for_each = local.build_tags

        content {
          test     = "StringEquals"
          variable = "aws:RequestTag/${condition.key}"
          values   = [condition.value]
        }
      }
    }
  }

  # Any VPC: the first build may come before the environment's.
  statement {
    sid       = "BuildIn"
    actions   = ["ec2:CreateSecurityGroup", "ec2:RunInstances"]
    resources = [for kind in ["network-interface", "subnet", "vpc"] : "arn:aws:ec2:${local.at}:${kind}/*"]
  }

  # Any image of anybody's, but no snapshot of an environment's data.
  statement {
    sid       = "BuildFrom"
    actions   = ["ec2:RunInstances"]
    resources = [local.images, local.snapshots]

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/Environment"
      values   = ["true"]
    }
  }

  statement {
    sid = "Change"
    actions = [
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:CopyImage",
      "ec2:CreateImage",
      "ec2:CreateSnapshot",
      "ec2:CreateTags",
      "ec2:DeleteKeyPair",
      "ec2:DeleteSecurityGroup",
      "ec2:DeleteSnapshot",
      "ec2:DeleteVolume",
      "ec2:DeregisterImage",
      "ec2:DisableImageDeprecation",
      "ec2:EnableImageDeprecation",
      "ec2:ModifyImageAttribute",
      "ec2:ModifyInstanceAttribute",
      "ec2:RunInstances",
      "ec2:StopInstances",
      "ec2:TerminateInstances",
    ]
    resources = ["arn:aws:ec2:${local.at}:*/*", local.images, local.snapshots]

    dynamic "condition" {
      for_each = local.build_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "TagNew"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:aws:ec2:${local.at}:*/*", local.images, local.snapshots]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CopyImage", "CreateImage", "CreateKeyPair", "CreateSecurityGroup", "CreateSnapshot", "RunInstances"]
    }
  }

  # An image is shared with nobody. (Nor could it be used: AWS's own key, which it is encrypted with, is never shared.)
  statement {
    sid       = "ShareNothing"
    effect    = "Deny"
    actions   = ["ec2:ModifyImageAttribute"]
    resources = [local.images]

    condition {
      test     = "StringEqualsIgnoreCase"
      variable = "ec2:Attribute"
      values   = ["LaunchPermission"]
    }
  }
}

data "aws_iam_policy_document" "image_monitor" {
  statement {
    sid = "Refresh"
    actions = [
      "autoscaling:CancelInstanceRefresh",
      "autoscaling:RollbackInstanceRefresh",
      "autoscaling:StartInstanceRefresh",
    ]
    resources = [local.monitor_group]
  }

  # Answers to these are limited to no resource.
  statement {
    sid = "Watch"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeAutoScalingInstances",
      "autoscaling:DescribeInstanceRefreshes",
      "autoscaling:DescribeScalingActivities",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribeLaunchTemplateVersions",
      "ssm:DescribeInstanceInformation",
      "ssm:GetCommandInvocation",
      "ssm:ListCommandInvocations",
      "ssm:ListCommands",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid       = "CommandOnMonitor"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:aws:ec2:${local.at}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Name"
      values   = [module.names.monitor]
    }
  }

  statement {
    sid       = "CommandShell"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:aws:ssm:${var.region}::document/AWS-RunShellScript"]
  }
}
