# The service's tasks.

locals {
  service = { ClusterName = var.cluster_name, ServiceName = var.service_name }

  # Percent of CPU and of memory: scaling holds them lower, for as long as it can.
  utilization_percent = 85
}

resource "aws_cloudwatch_metric_alarm" "tasks_missing" {
  alarm_name          = "${var.prefix}-tasks-missing"
  alarm_description   = "Fewer tasks run than should for ten minutes. The events of the ECS service say why: an image that cannot be pulled, a task that stops at once, no room in Fargate."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 10
  datapoints_to_alarm = 10
  treat_missing_data  = "missing" # Container Insights itself is away: INSUFFICIENT_DATA says so, and no-task tells an outage.

  metric_query {
    id          = "missing"
    label       = "Tasks that should run and do not"
    expression  = "desired - running"
    return_data = true
  }

  metric_query {
    id = "desired"

    metric {
      namespace   = "ECS/ContainerInsights"
      metric_name = "DesiredTaskCount"
      dimensions  = local.service
      period      = 60
      stat        = "Average"
    }
  }

  metric_query {
    id = "running"

    metric {
      namespace   = "ECS/ContainerInsights"
      metric_name = "RunningTaskCount"
      dimensions  = local.service
      period      = 60
      stat        = "Average"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  alarm_name          = "${var.prefix}-cpu"
  alarm_description   = "CPU of the service is above ${local.utilization_percent} % for ten minutes, so scaling has reached its end. Raise max_count or the size of tasks, or find out who sends so much."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = local.service
  period              = 60
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.utilization_percent
  evaluation_periods  = 10
  datapoints_to_alarm = 10
  treat_missing_data  = "notBreaching" # There is no figure while no task runs.
}

resource "aws_cloudwatch_metric_alarm" "memory" {
  alarm_name          = "${var.prefix}-memory"
  alarm_description   = "Memory of the service is above ${local.utilization_percent} % for ten minutes; at 100 % tasks are killed. Raise memory, and look whether it grows with time or with load."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  namespace           = "AWS/ECS"
  metric_name         = "MemoryUtilization"
  dimensions          = local.service
  period              = 60
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.utilization_percent
  evaluation_periods  = 10
  datapoints_to_alarm = 10
  treat_missing_data  = "notBreaching" # There is no figure while no task runs.
}
