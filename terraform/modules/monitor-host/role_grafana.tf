# What Grafana's CloudWatch source reads.

data "aws_iam_policy_document" "grafana" {
  statement {
    sid = "GrafanaMetrics"
    actions = [
      "cloudwatch:DescribeAlarmHistory",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:DescribeAlarmsForMetric",
      "cloudwatch:GetMetricData",
      "cloudwatch:ListMetrics",
      "ec2:DescribeInstances",
      "ec2:DescribeRegions",
      "ec2:DescribeTags",
      "tag:GetResources",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  statement {
    sid       = "GrafanaLogGroupNames"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:aws:logs:${local.region}:${local.account}:log-group:*"]
  }

  # Of this environment: others in the account are none of its business.
  statement {
    sid     = "GrafanaLogs"
    actions = ["logs:GetLogEvents", "logs:GetLogGroupFields", "logs:StartQuery"]
    # A group is named with and without what follows, depending on the action.
    resources = flatten([
      for group in var.log_groups : [
        "arn:aws:logs:${local.region}:${local.account}:log-group:${group}",
        "arn:aws:logs:${local.region}:${local.account}:log-group:${group}:*",
      ]
    ])
  }

  # Of queries that StartQuery allowed.
  statement {
    sid       = "GrafanaLogQueries"
    actions   = ["logs:GetQueryResults", "logs:StopQuery"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }
}
