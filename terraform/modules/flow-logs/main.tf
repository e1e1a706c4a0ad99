# Who spoke with whom in the VPC, in CloudWatch Logs: Grafana's Logs Insights reads it there. S3 would take half the
# price for each gigabyte, which for a network of this size is less than a dollar a month, and show nothing to anybody.

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:AWS encrypts it, and it holds no secret
  #checkov:skip=CKV_AWS_338:how long is the user's to say
  name                        = var.log_group
  retention_in_days           = var.retention_days
  deletion_protection_enabled = var.deletion_protection
}

data "aws_iam_policy_document" "deliver" {
  statement {
    sid       = "Write"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  # Is asked of all groups at once.
  statement {
    sid       = "Find"
    actions   = ["logs:DescribeLogGroups"]
    resources = [replace(aws_cloudwatch_log_group.this.arn, var.log_group, "*")]
  }
}

module "role" {
  source = "../workload-role"

  name         = var.role
  description  = "Lets VPC flow logs write to ${var.log_group}"
  service      = "vpc-flow-logs.amazonaws.com"
  policy       = data.aws_iam_policy_document.deliver.json
  boundary_arn = var.boundary_arn
}

resource "aws_flow_log" "this" {
  vpc_id                   = var.vpc_id
  traffic_type             = var.traffic
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.this.arn
  iam_role_arn             = module.role.arn
  max_aggregation_interval = 600

  tags = {
    Name = var.role
  }
}
