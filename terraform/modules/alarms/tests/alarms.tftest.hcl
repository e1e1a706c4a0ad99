mock_provider "aws" {
  source = "../../mocks"
}

variables {
  prefix                   = "marketboro-dev"
  topic_arn                = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"
  load_balancer_arn_suffix = "app/marketboro-dev-public/0123456789abcdef"
  target_group_arn_suffix  = "targetgroup/marketboro-dev-service/0123456789abcdef"
  cluster_name             = "marketboro-dev"
  service_name             = "marketboro-dev-service"
  table_name               = "marketboro-dev-items"
  error_percent            = 5
  latency_seconds          = 1
}

run "alarms" {
  assert {
    condition = output.names == tolist([
      "marketboro-dev-balancer-errors",
      "marketboro-dev-cpu",
      "marketboro-dev-latency",
      "marketboro-dev-memory",
      "marketboro-dev-no-task",
      "marketboro-dev-service-errors",
      "marketboro-dev-table-errors",
      "marketboro-dev-table-throttled",
      "marketboro-dev-tasks-missing",
      "marketboro-dev-unhealthy-tasks",
    ])
    error_message = "An alarm is missing, or has no place here."
  }

  assert {
    condition = alltrue([
      for alarm in [
        aws_cloudwatch_metric_alarm.balancer_errors,
        aws_cloudwatch_metric_alarm.service_errors,
        aws_cloudwatch_metric_alarm.latency,
        aws_cloudwatch_metric_alarm.unhealthy_tasks,
        aws_cloudwatch_metric_alarm.no_task,
        aws_cloudwatch_metric_alarm.tasks_missing,
        aws_cloudwatch_metric_alarm.cpu,
        aws_cloudwatch_metric_alarm.memory,
        aws_cloudwatch_metric_alarm.table_throttled,
        aws_cloudwatch_metric_alarm.table_errors,
      ] :
      alarm.alarm_actions == toset([var.topic_arn]) && alarm.ok_actions == toset([var.topic_arn]) && length(alarm.alarm_description) <= 1024
    ])
    error_message = "Every alarm must go to the topic, say what to do, and tell when it is over."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_task.treat_missing_data == "breaching"
    error_message = "Where no task is registered there is no figure, and that is an outage."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.tasks_missing.treat_missing_data == "missing"
    error_message = "Where Container Insights is away, nothing is known of tasks."
  }

  assert {
    condition     = toset(flatten([for query in aws_cloudwatch_metric_alarm.table_errors.metric_query : [for metric in query.metric : metric.dimensions.Operation]])) == toset(["DeleteItem", "GetItem", "PutItem", "Scan"])
    error_message = "Every operation that the service calls must be watched."
  }
}
