locals {
  # gp3 has no burst balance to run out of: the limits themselves are what a busy disk meets.
  limits = {
    iops = {
      metrics   = { reads = "VolumeReadOps", writes = "VolumeWriteOps" }
      threshold = 0.9 * var.iops
      unit      = "operations a second"
      setting   = "data_volume_iops"
    }
    throughput = {
      metrics   = { reads = "VolumeReadBytes", writes = "VolumeWriteBytes" }
      threshold = 0.9 * var.throughput * 1024 * 1024
      unit      = "bytes a second"
      setting   = "data_volume_throughput"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "limit" {
  for_each = local.limits

  alarm_name = "${var.name}-volume-${each.key}"
  alarm_description = join(" ", [
    "The data volume of the monitor host is at 90 % of its ${each.value.unit} for half an hour.",
    "Dashboards and telemetry get slow. See the dashboard Monitor host for who reads or writes;",
    "if it is to stay so, raise ${each.value.setting} in monitor-instance and apply: no restart is needed.",
  ])

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 6
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alerts_topic_arn]
  ok_actions          = [var.alerts_topic_arn]

  metric_query {
    id          = "used"
    expression  = "(reads + writes) / PERIOD(reads)"
    label       = each.value.unit
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/EBS"
        metric_name = metric_query.value
        stat        = "Sum"
        period      = 300
        dimensions  = { VolumeId = aws_ebs_volume.this.id }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "snapshots" {
  alarm_name = "${var.name}-snapshots"
  alarm_description = join(" ", [
    "The daily snapshot of the monitor host's data volume failed, with all its retries.",
    "Look at the policy in EC2, Lifecycle Manager; `monitor backup list` on the host says how old the newest backup in S3 is.",
  ])

  namespace           = "AWS/EBS"
  metric_name         = "SnapshotsCreateFailed"
  dimensions          = { DLMPolicyId = aws_dlm_lifecycle_policy.this.id }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alerts_topic_arn]
  ok_actions          = [var.alerts_topic_arn]
}
