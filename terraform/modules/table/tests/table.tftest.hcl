# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

variables {
  name               = "marketboro-test-items"
  billing_mode       = "PAY_PER_REQUEST"
  on_demand_limit    = null
  read_capacity      = { min = 5, max = 1000 }
  write_capacity     = { min = 10, max = 500 }
  target_utilisation = 70
  recovery_days      = 35
}

run "on_demand" {
  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && length(aws_dynamodb_table.this.on_demand_throughput) == 0
    error_message = "The table must be on demand, without a limit."
  }

  assert {
    condition     = length(aws_appautoscaling_target.capacity) + length(aws_appautoscaling_policy.utilisation) == 0
    error_message = "On demand there is nothing to scale."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "id" && [for attribute in aws_dynamodb_table.this.attribute : "${attribute.name} ${attribute.type}"] == ["id S"]
    error_message = "The key must be the string id, which the service writes."
  }

  assert {
    condition     = one(aws_dynamodb_table.this.point_in_time_recovery).enabled && one(aws_dynamodb_table.this.point_in_time_recovery).recovery_period_in_days == 35
    error_message = "The table must be recoverable to any second of the last 35 days."
  }

  assert {
    condition     = one(aws_dynamodb_table.this.server_side_encryption).enabled
    error_message = "The table must be encrypted with a key of KMS."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table must be protected unless asked otherwise."
  }

  assert {
    condition     = length(aws_dynamodb_table.this.ttl) == 0
    error_message = "No item may expire."
  }
}

run "on_demand_with_a_limit" {
  variables {
    on_demand_limit = { read = 4000, write = 2000 }
  }

  assert {
    condition     = one(aws_dynamodb_table.this.on_demand_throughput).max_read_request_units == 4000 && one(aws_dynamodb_table.this.on_demand_throughput).max_write_request_units == 2000
    error_message = "The limits must be the table's."
  }
}

run "provisioned" {
  variables {
    billing_mode = "PROVISIONED"
    # Says nothing where capacity is provisioned.
    on_demand_limit = { read = 4000, write = 2000 }
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PROVISIONED" && length(aws_dynamodb_table.this.on_demand_throughput) == 0
    error_message = "The table must be provisioned."
  }

  assert {
    condition = (
      aws_appautoscaling_target.capacity["read"].min_capacity == 5 && aws_appautoscaling_target.capacity["read"].max_capacity == 1000 &&
      aws_appautoscaling_target.capacity["write"].min_capacity == 10 && aws_appautoscaling_target.capacity["write"].max_capacity == 500
    )
    error_message = "Each direction must scale within its own bounds."
  }

  assert {
    condition = (
      one(one(aws_appautoscaling_policy.utilisation["read"].target_tracking_scaling_policy_configuration).predefined_metric_specification).predefined_metric_type == "DynamoDBReadCapacityUtilization" &&
      one(one(aws_appautoscaling_policy.utilisation["write"].target_tracking_scaling_policy_configuration).predefined_metric_specification).predefined_metric_type == "DynamoDBWriteCapacityUtilization" &&
      alltrue([for policy in aws_appautoscaling_policy.utilisation : one(policy.target_tracking_scaling_policy_configuration).target_value == 70])
    )
    error_message = "Each direction must follow its own utilisation."
  }

  assert {
    condition     = alltrue([for target in aws_appautoscaling_target.capacity : target.resource_id == "table/marketboro-test-items"])
    error_message = "What scales must be this table."
  }
}

run "new_provisioned_table_has_the_least_capacity" {
  # A state of its own: on a table that exists, capacity belongs to the autoscaling.
  state_key = "new"

  variables {
    billing_mode = "PROVISIONED"
  }

  assert {
    condition     = aws_dynamodb_table.this.read_capacity == 5 && aws_dynamodb_table.this.write_capacity == 10
    error_message = "A new table must begin with the least capacity."
  }
}

run "capacity_belongs_to_the_autoscaling" {
  state_key = "new"

  variables {
    billing_mode   = "PROVISIONED"
    read_capacity  = { min = 50, max = 1000 }
    write_capacity = { min = 50, max = 1000 }
  }

  assert {
    condition     = aws_dynamodb_table.this.read_capacity == 5 && aws_dynamodb_table.this.write_capacity == 10
    error_message = "Terraform must not set back what the autoscaling has set."
  }
}

run "protection_can_be_lifted" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled == false
    error_message = "Without protection the table must be deletable."
  }
}
