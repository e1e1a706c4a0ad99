# The table of the items: one string, `id`, is the key. Nothing expires: TTL stays off.

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:the AWS managed key is meant, so that tasks need no right on a key
  name         = var.name
  hash_key     = "id"
  billing_mode = var.billing_mode

  # Where capacity is provisioned this is what the table is made with; from then on it belongs to the autoscaling.
  read_capacity  = local.provisioned ? var.read_capacity.min : null
  write_capacity = local.provisioned ? var.write_capacity.min : null

  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "id"
    type = "S"
  }

  # A null limit is no limit, and a limit that was set is lifted by -1.
  dynamic "on_demand_throughput" {
    for_each = local.provisioned || var.on_demand_limit == null ? [] : [var.on_demand_limit]

    content {
      max_read_request_units  = on_demand_throughput.value.read
      max_write_request_units = on_demand_throughput.value.write
    }
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_days
  }

  # With the AWS managed key aws/dynamodb.
  server_side_encryption {
    enabled = true
  }

  lifecycle {
    # Terraform knows no condition here, and none is needed: on demand there is no capacity to ignore. A table that
    # changes from on demand to provisioned starts at 1 unit, which the autoscaling raises within minutes.
    ignore_changes = [read_capacity, write_capacity]
  }
}
