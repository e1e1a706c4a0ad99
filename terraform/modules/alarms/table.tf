# What DynamoDB refuses, and where it fails. It reports neither while there is none.

locals {
  # CloudWatch counts failures by operation; these are those that the service calls.
  operations = {
    delete = "DeleteItem"
    get    = "GetItem"
    put    = "PutItem"
    scan   = "Scan"
  }
}

resource "aws_cloudwatch_metric_alarm" "table_throttled" {
  alarm_name          = "${var.prefix}-table-throttled"
  alarm_description   = "DynamoDB throttles the table. Provisioned: raise its capacity. On demand: load more than doubled within half an hour, or one key takes most of it."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "throttled"
    label       = "Throttled reads and writes"
    expression  = "FILL(reads, 0) + FILL(writes, 0)"
    return_data = true
  }

  metric_query {
    id = "reads"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "ReadThrottleEvents"
      dimensions  = { TableName = var.table_name }
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "writes"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "WriteThrottleEvents"
      dimensions  = { TableName = var.table_name }
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "table_errors" {
  alarm_name          = "${var.prefix}-table-errors"
  alarm_description   = "DynamoDB answers with errors of its own (5xx). Look at AWS's status page; the service tries again by itself and recovers with it."
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "failed"
    label       = "Requests that DynamoDB failed"
    expression  = join(" + ", [for id in sort(keys(local.operations)) : "FILL(${id}, 0)"])
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.operations

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "SystemErrors"
        dimensions  = { TableName = var.table_name, Operation = metric_query.value }
        period      = 60
        stat        = "Sum"
      }
    }
  }
}
