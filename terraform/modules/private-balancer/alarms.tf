resource "aws_cloudwatch_metric_alarm" "unhealthy" {
  for_each = var.endpoints

  alarm_name = "${var.name}-${each.key}"
  alarm_description = join(" ", [
    "The monitor host is there and does not answer on port ${each.value.port} (${each.key}) for five minutes.",
    "Open a session on it and run `monitor doctor`: it says what is wrong and what to do.",
  ])

  namespace   = "AWS/NetworkELB"
  metric_name = "UnHealthyHostCount"
  dimensions = {
    LoadBalancer = aws_lb.this.arn_suffix
    TargetGroup  = aws_lb_target_group.this[each.key].arn_suffix
  }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # No host, no figure: the group's own alarm says so.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.alerts_topic_arn]
  ok_actions         = [var.alerts_topic_arn]
}
