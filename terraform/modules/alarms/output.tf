output "names" {
  description = "Names of the alarms."
  value = sort([
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
    ] : alarm.alarm_name
  ])
}
