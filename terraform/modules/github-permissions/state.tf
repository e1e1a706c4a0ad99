# States: plans read them and take no lock; applies write them under both locks.

data "aws_iam_policy_document" "read_state" {
  statement {
    sid       = "FindState"
    actions   = ["s3:ListBucket"]
    resources = [local.state_bucket]
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = ["${local.state_bucket}/*"]
  }

  # With a lock table a state is checked against the checksum there, also by a run without a lock.
  statement {
    sid       = "ReadChecksum"
    actions   = ["dynamodb:GetItem"]
    resources = [local.lock_table]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }

    # What S3 says to KMS that it is for: the bucket with a bucket key, else the object.
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.state_bucket, "${local.state_bucket}/*"]
    }
  }
}

data "aws_iam_policy_document" "write_state" {
  source_policy_documents = [data.aws_iam_policy_document.read_state.json]

  statement {
    sid       = "WriteState"
    actions   = ["s3:PutObject"]
    resources = ["${local.state_bucket}/*"]
  }

  # A lock file is deleted, a state never is; versions keep either.
  statement {
    sid       = "UnlockFile"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.state_bucket}/*.tflock"]
  }

  statement {
    sid       = "LockTable"
    actions   = ["dynamodb:DeleteItem", "dynamodb:PutItem"]
    resources = [local.lock_table]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.state_bucket, "${local.state_bucket}/*"]
    }
  }
}
