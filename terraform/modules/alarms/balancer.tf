# What users meet. CloudWatch has no figure where nothing happened: FILL makes it a zero.

locals {
  balancer = { LoadBalancer = var.load_balancer_arn_suffix }
  targets  = merge(local.balancer, { TargetGroup = var.target_group_arn_suffix })

  # A share means nothing while there are next to no requests.
  least_errors = 5
}

# A request that no target could take is not in RequestCount.
resource "aws_cloudwatch_metric_alarm" "balancer_errors" {
  alarm_name          = "${var.prefix}-balancer-errors"
  alarm_description   = "The balancer itself answers more than ${var.error_percent} % of requests with 5xx: no task takes them, or tasks close connections. Look at the service's tasks and why they stopped, then at the balancer's access logs."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.error_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching" # No requests, no errors.

  metric_query {
    id          = "share"
    label       = "Share of 5xx by the balancer, in percent"
    expression  = "IF(FILL(errors, 0) >= ${local.least_errors}, 100 * FILL(errors, 0) / (FILL(errors, 0) + FILL(requests, 0)), 0)"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_ELB_5XX_Count"
      dimensions  = local.balancer
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      dimensions  = local.balancer
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "service_errors" {
  alarm_name          = "${var.prefix}-service-errors"
  alarm_description   = "The service answers more than ${var.error_percent} % of requests with 5xx. The dashboard of the service says which routes; its log has the reason, by trace id. 503 means that it sheds load or that DynamoDB throttles."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.error_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching" # No requests, no errors.

  metric_query {
    id          = "share"
    label       = "Share of 5xx by the service, in percent"
    expression  = "IF(FILL(errors, 0) >= ${local.least_errors}, 100 * FILL(errors, 0) / FILL(requests, 1), 0)"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_Target_5XX_Count"
      dimensions  = local.targets
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      dimensions  = local.targets
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "${var.prefix}-latency"
  alarm_description   = "One request in a hundred takes longer than ${var.latency_seconds} s. Look at the slowest traces: time in DynamoDB speaks of throttling or of large pages, time elsewhere of CPU."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = local.targets
  period              = 60
  extended_statistic  = "p99"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.latency_seconds
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching" # No requests, none slow.

  # A single request in the night is no percentile.
  evaluate_low_sample_count_percentiles = "ignore"
}

resource "aws_cloudwatch_metric_alarm" "unhealthy_tasks" {
  alarm_name          = "${var.prefix}-unhealthy-tasks"
  alarm_description   = "A task does not answer /healthz, and has not been replaced for five minutes. Look at its log and at the events of the ECS service."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  namespace           = "AWS/ApplicationELB"
  metric_name         = "UnHealthyHostCount"
  dimensions          = local.targets
  period              = 60
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching" # Without tasks none is unhealthy; the next alarm is about that.
}

resource "aws_cloudwatch_metric_alarm" "no_task" {
  alarm_name          = "${var.prefix}-no-task"
  alarm_description   = "Nobody answers: the balancer has no healthy task. After the first apply that is so until the first image has been deployed; later look at why tasks stopped, and deploy the image before."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  dimensions          = local.targets
  period              = 60
  statistic           = "Maximum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "breaching" # There is no figure when no task is registered.
}
