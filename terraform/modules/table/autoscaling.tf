locals {
  provisioned = var.billing_mode == "PROVISIONED"

  scaled = local.provisioned ? {
    read  = { capacity = var.read_capacity, dimension = "dynamodb:table:ReadCapacityUnits", metric = "DynamoDBReadCapacityUtilization" }
    write = { capacity = var.write_capacity, dimension = "dynamodb:table:WriteCapacityUnits", metric = "DynamoDBWriteCapacityUtilization" }
  } : {}
}

resource "aws_appautoscaling_target" "capacity" {
  for_each = local.scaled

  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.this.name}"
  scalable_dimension = each.value.dimension
  min_capacity       = each.value.capacity.min
  max_capacity       = each.value.capacity.max
}

resource "aws_appautoscaling_policy" "utilisation" {
  for_each = local.scaled

  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.capacity[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.capacity[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.capacity[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilisation

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
    }
  }
}
