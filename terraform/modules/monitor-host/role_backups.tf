# What `monitor backup`, `restore`, `verify` and `prune` do in S3. Versions that were deleted or overwritten stay out of
# its reach, so whoever takes over the host cannot destroy the backups of the past.

data "aws_iam_policy_document" "backups" {
  # Not limited to the prefix: without this right on the bucket S3 answers 403 instead of 404 to a read of what is not
  # there, and such a read has no prefix.
  statement {
    sid       = "ListBackups"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [var.backup_bucket_arn]
  }

  statement {
    sid = "Backups"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
    ]
    resources = ["${var.backup_bucket_arn}/${local.backup_prefix}/*"]
  }

  statement {
    sid       = "EncryptBackups"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }

    # The bucket with a bucket key, the object without.
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [var.backup_bucket_arn, "${var.backup_bucket_arn}/*"]
    }
  }
}
