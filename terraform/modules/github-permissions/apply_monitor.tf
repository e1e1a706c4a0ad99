# The monitor host: its launch template, group, data volume and snapshots.

data "aws_iam_policy_document" "apply_monitor" {
  statement {
    sid     = "Create"
    actions = ["ec2:CreateLaunchTemplate", "ec2:CreateVolume"]
    resources = [
      "arn:aws:ec2:${local.at}:launch-template/*",
      "arn:aws:ec2:${local.at}:volume/*",
    ]

    condition {
      test     = "StringEquals"
      variable = local.request_tag
      values   = [var.environment]
    }
  }

  statement {
    sid = "Change"
    actions = [
      "ec2:CreateLaunchTemplateVersion",
      "ec2:CreateSnapshot",
      "ec2:DeleteLaunchTemplate",
      "ec2:DeleteLaunchTemplateVersions",
      "ec2:DeleteVolume",
      "ec2:DetachVolume",
      "ec2:ModifyLaunchTemplate",
      "ec2:ModifyVolume",
    ]
    resources = [
      "arn:aws:ec2:${local.at}:instance/*",
      "arn:aws:ec2:${local.at}:launch-template/*",
      "arn:aws:ec2:${local.at}:volume/*",
    ]

    condition {
      test     = "StringEquals"
      variable = local.own_tag
      values   = [var.environment]
    }
  }

  # A volume is made from one when a lost volume comes back, and leaves one when it is destroyed.
  statement {
    sid       = "Snapshots"
    actions   = ["ec2:CreateSnapshot", "ec2:CreateVolume"]
    resources = ["arn:aws:ec2:${var.region}::snapshot/*"]

    condition {
      test     = "StringEqualsIfExists"
      variable = local.own_tag
      values   = [var.environment]
    }
  }

  # Auto Scaling asks whether who gives it a launch template could launch by it. Only by one of ours.
  statement {
    sid       = "LaunchByTemplate"
    actions   = ["ec2:RunInstances"]
    resources = ["arn:aws:ec2:${local.at}:launch-template/*"]

    condition {
      test     = "StringEquals"
      variable = local.own_tag
      values   = [var.environment]
    }
  }

  statement {
    sid     = "LaunchWhatItSays"
    actions = ["ec2:RunInstances"]
    resources = concat(
      [for kind in ["image", "snapshot"] : "arn:aws:ec2:${var.region}::${kind}/*"],
      [for kind in ["instance", "network-interface", "security-group", "subnet", "volume"] : "arn:aws:ec2:${local.at}:${kind}/*"],
    )

    condition {
      test     = "ArnLike"
      variable = "ec2:LaunchTemplate"
      values   = ["arn:aws:ec2:${local.at}:launch-template/*"]
    }
  }

  statement {
    sid = "Group"
    actions = [
      "autoscaling:AttachLoadBalancerTargetGroups",
      "autoscaling:AttachTrafficSources",
      "autoscaling:CancelInstanceRefresh",
      "autoscaling:CreateAutoScalingGroup",
      "autoscaling:CreateOrUpdateTags",
      "autoscaling:DeleteAutoScalingGroup",
      "autoscaling:DeleteLifecycleHook",
      "autoscaling:DeleteNotificationConfiguration",
      "autoscaling:DeleteTags",
      "autoscaling:DetachLoadBalancerTargetGroups",
      "autoscaling:DetachTrafficSources",
      "autoscaling:DisableMetricsCollection",
      "autoscaling:EnableMetricsCollection",
      "autoscaling:PutLifecycleHook",
      "autoscaling:PutNotificationConfiguration",
      "autoscaling:ResumeProcesses",
      "autoscaling:SetInstanceProtection",
      "autoscaling:StartInstanceRefresh",
      "autoscaling:SuspendProcesses",
      "autoscaling:UpdateAutoScalingGroup",
    ]
    resources = [local.monitor_group]
  }

  statement {
    sid       = "CreateSnapshotPolicy"
    actions   = ["dlm:CreateLifecyclePolicy"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = local.request_tag
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid       = "TagSnapshotPolicy"
    actions   = ["dlm:TagResource"]
    resources = ["arn:aws:dlm:${local.at}:policy/*"]

    condition {
      test     = "StringEquals"
      variable = local.request_tag
      values   = [var.environment]
    }
  }

  statement {
    sid       = "SnapshotPolicy"
    actions   = ["dlm:DeleteLifecyclePolicy", "dlm:UntagResource", "dlm:UpdateLifecyclePolicy"]
    resources = ["arn:aws:dlm:${local.at}:policy/*"]

    condition {
      test     = "StringEquals"
      variable = local.own_tag
      values   = [var.environment]
    }
  }
}
