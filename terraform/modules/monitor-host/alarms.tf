locals {
  # Both are minutes of the status checks of whatever instance the group has.
  status_checks = {
    host = {
      metric = "StatusCheckFailed"
      text = join(" ", [
        "The monitor host fails EC2's status checks for five minutes. It is replaced or recovered by itself;",
        "if this does not end within ten minutes, look at the group's activity in EC2, Auto Scaling groups.",
      ])
    }
    volumes = {
      metric = "StatusCheckFailed_AttachedEBS"
      text = join(" ", [
        "A volume of the monitor host takes no input or output for five minutes; Auto Scaling does not replace hosts for that.",
        "Look at the volume's status in EC2, Volumes, and at AWS Health. If AWS does not mend it,",
        "make a new volume from the last snapshot: data_volume_snapshot_id in monitor-instance.",
      ])
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "missing" {
  alarm_name = "${var.name}-missing"
  alarm_description = join(" ", [
    "There has been no monitor host for five minutes, so Auto Scaling could not replace it:",
    "no telemetry is taken, and Grafana is away. The group's activity (EC2, Auto Scaling groups) says why.",
    "An image that is gone or not shared: apply monitor-instance again. No capacity: choose another instance_type.",
  ])

  namespace           = "AWS/AutoScaling"
  metric_name         = "GroupInServiceInstances"
  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alerts_topic_arn]
  ok_actions          = [var.alerts_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "status" {
  for_each = local.status_checks

  alarm_name          = "${var.name}-status-${each.key}"
  alarm_description   = each.value.text
  namespace           = "AWS/EC2"
  metric_name         = each.value.metric
  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # No host, no figure: the alarm above says so.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.alerts_topic_arn]
  ok_actions         = [var.alerts_topic_arn]
}
