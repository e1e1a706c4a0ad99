data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "access_logs" {
  statement {
    sid       = "BalancerWritesLogs"
    actions   = ["s3:PutObject"]
    resources = ["${module.access_logs.arn}/AWSLogs/${data.aws_caller_identity.current.account_id}/*"]

    # The same in all regions; accounts of ELB per region are the older way.
    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }
  }
}

# Without a key: ELB writes to buckets with S3's own encryption alone.
module "access_logs" {
  source = "../private-bucket"

  name                = var.access_log_bucket
  expire_days         = var.access_log_days
  noncurrent_days     = 1
  policy              = data.aws_iam_policy_document.access_logs.json
  deletion_protection = var.deletion_protection
}
