# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

variables {
  vpc_id         = "vpc-0123456789abcdef0"
  log_group      = "/marketboro/test/flow-logs"
  role           = "marketboro-test-flow-logs"
  boundary_arn   = "arn:aws:iam::123456789012:policy/boundary"
  traffic        = "ALL"
  retention_days = 30
}

run "all_traffic_is_recorded" {
  assert {
    condition     = aws_flow_log.this.vpc_id == var.vpc_id && aws_flow_log.this.traffic_type == "ALL"
    error_message = "The whole VPC must be recorded."
  }

  assert {
    condition     = aws_flow_log.this.log_destination == aws_cloudwatch_log_group.this.arn
    error_message = "Records must go to the log group."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.deletion_protection_enabled
    error_message = "Records must be kept as long as was asked, and not be deleted by accident."
  }
}

run "role_writes_to_its_group_alone" {
  assert {
    condition = alltrue([
      for statement in jsondecode(output.policy).Statement :
      statement.Resource == (
        statement.Action == "logs:DescribeLogGroups"
        ? "arn:aws:logs:ap-northeast-2:123456789012:log-group:*"
        : "arn:aws:logs:ap-northeast-2:123456789012:log-group:/marketboro/test/flow-logs:*"
      )
    ])
    error_message = "The role must write to its log group and no other."
  }
}

run "protection_can_be_lifted" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.deletion_protection_enabled == false
    error_message = "Without protection the log group must be deletable."
  }
}
