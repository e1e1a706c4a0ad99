# Tables and buckets of all roots.

data "aws_iam_policy_document" "apply_storage" {
  statement {
    sid = "Tables"
    actions = [
      "dynamodb:CreateTable",
      "dynamodb:DeleteTable",
      "dynamodb:TagResource",
      "dynamodb:UntagResource",
      "dynamodb:UpdateContinuousBackups",
      "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ]
    resources = local.tables
  }

  statement {
    sid = "Buckets"
    actions = [
      "s3:CreateBucket",
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:PutBucketLogging",
      "s3:PutBucketNotification",
      "s3:PutBucketOwnershipControls",
      "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketTagging",
      "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
      "s3:TagResource",
      "s3:UntagResource",
    ]
    resources = local.buckets
  }

  # Without deletion protection a bucket is emptied before it is destroyed.
  statement {
    sid       = "EmptyBuckets"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"]
    resources = ["arn:aws:s3:::${local.prefix}-*"]
  }

  # Nobody's history of states ends in a workflow.
  statement {
    sid     = "KeepStates"
    effect  = "Deny"
    actions = ["dynamodb:DeleteTable", "s3:DeleteBucket", "s3:DeleteObjectVersion"]
    resources = [
      local.lock_table,
      local.state_bucket,
      "${local.state_bucket}/*",
    ]
  }

  statement {
    sid = "Capacity"
    actions = [
      "application-autoscaling:DeleteScalingPolicy",
      "application-autoscaling:DeregisterScalableTarget",
      "application-autoscaling:PutScalingPolicy",
      "application-autoscaling:RegisterScalableTarget",
      "application-autoscaling:TagResource",
      "application-autoscaling:UntagResource",
    ]
    resources = ["arn:aws:application-autoscaling:${local.at}:scalable-target/*"]
  }
}
