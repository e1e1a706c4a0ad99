# Free, and routes rather than addresses: what the route tables given here send to S3 and DynamoDB goes through them.

data "aws_iam_policy_document" "s3" {
  # Backups of the monitor host, results of load generators.
  statement {
    sid = "OwnBuckets"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  # ECR hands out links to its own bucket, signed by itself. The agent of Systems Manager reads its own without signing.
  # Neither is a principal of this account.
  statement {
    sid     = "LayersAndAgent"
    actions = ["s3:GetObject"]
    resources = [
      "arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*",
      "arn:${local.partition}:s3:::amazon-ssm-${local.region}/*",
      "arn:${local.partition}:s3:::aws-ssm-${local.region}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "dynamodb" {
  statement {
    sid = "Items"
    actions = [
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
    resources = ["arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.table_name}"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  policy            = data.aws_iam_policy_document.s3.json

  # From public subnets too: layers and results of load generators then stay inside AWS.
  route_table_ids = [var.private_route_table_id, var.public_route_table_id]

  tags = {
    Name = "${var.name}-s3"
  }
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  policy            = data.aws_iam_policy_document.dynamodb.json
  route_table_ids   = [var.private_route_table_id]

  tags = {
    Name = "${var.name}-dynamodb"
  }
}
