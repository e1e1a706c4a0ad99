# A bucket as all of ours are: encrypted, versioned, closed to the public, reached by TLS alone.

data "aws_caller_identity" "current" {}

locals {
  bucket = var.unique ? "${var.name}-${data.aws_caller_identity.current.account_id}" : var.name
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:who reads is in CloudTrail where an account wants to pay for it; a bucket of logs for each bucket would be more to guard
  #checkov:skip=CKV_AWS_144:what is here can be made again, or is a copy itself; another region would double its price
  #checkov:skip=CKV2_AWS_62:nothing waits for objects to appear
  bucket        = local.bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # Rules about old versions need versions.
  depends_on = [aws_s3_bucket_versioning.this]

  bucket = aws_s3_bucket.this.id

  rule {
    id     = "tidy"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    # Where nothing expires, the markers that deletions leave would stay for ever.
    expiration {
      days                         = var.expire_days
      expired_object_delete_marker = var.expire_days == null ? true : null
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  source_policy_documents = var.policy == null ? [] : [var.policy]

  statement {
    sid     = "TlsOnly"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.this.arn,
      "${aws_s3_bucket.this.arn}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  # A policy that is set while the block is being set can be refused.
  depends_on = [aws_s3_bucket_public_access_block.this]

  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.bucket.json
}
