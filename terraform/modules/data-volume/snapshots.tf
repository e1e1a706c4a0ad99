# Snapshots for the case that the volume itself is lost.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  snapshots = "arn:aws:ec2:${data.aws_region.current.region}::snapshot/*"
  volumes   = "arn:aws:ec2:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:volume/*"
}

data "aws_iam_policy_document" "snapshots" {
  statement {
    sid = "Find"
    actions = [
      "ec2:DescribeInstances",
      "ec2:DescribeSnapshots",
      "ec2:DescribeVolumes",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "SnapshotThisVolume"
    actions   = ["ec2:CreateSnapshot", "ec2:CreateSnapshots"]
    resources = [local.volumes]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.tag_key}"
      values   = [var.name]
    }
  }

  # The snapshot that is being made has no tags to ask for yet.
  statement {
    sid       = "MakeAndTagSnapshots"
    actions   = ["ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:CreateTags"]
    resources = [local.snapshots]
  }

  statement {
    sid       = "DropOldSnapshots"
    actions   = ["ec2:DeleteSnapshot"]
    resources = [local.snapshots]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.tag_key}"
      values   = [var.name]
    }
  }
}

module "role" {
  source = "../workload-role"

  name         = var.snapshot_role
  description  = "Daily snapshots of ${var.name}"
  service      = "dlm.amazonaws.com"
  policy       = data.aws_iam_policy_document.snapshots.json
  boundary_arn = var.boundary_arn
}

resource "aws_dlm_lifecycle_policy" "this" {
  description        = "Daily snapshots of ${var.name}"
  execution_role_arn = module.role.arn
  state              = "ENABLED"

  policy_details {
    policy_type    = "EBS_SNAPSHOT_MANAGEMENT"
    resource_types = ["VOLUME"]
    target_tags    = { (local.tag_key) = var.name }

    schedule {
      name = "daily"
      # With the tags comes the right to delete the snapshot again.
      copy_tags = true

      create_rule {
        interval      = 24
        interval_unit = "HOURS"
        times         = [var.snapshot_time]
      }

      retain_rule {
        count = var.snapshot_count
      }
    }
  }

  tags = {
    Name = var.name
  }
}
