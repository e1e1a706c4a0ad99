# Where alarms go, and from there to people.

data "aws_caller_identity" "current" {}

locals {
  # By what does not show an address, since keys appear in plans.
  emails = { for address in var.emails : substr(sha256(address), 0, 8) => address }
}

resource "aws_sns_topic" "this" {
  name              = var.name
  kms_master_key_id = var.key_arn
}

data "aws_iam_policy_document" "topic" {
  # Roles of this account publish by policies of their own.
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

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

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

# Each address gets a message and has to agree.
resource "aws_sns_topic_subscription" "email" {
  for_each = toset(nonsensitive(keys(local.emails)))

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = local.emails[each.key]
}
