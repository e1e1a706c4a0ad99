variables {
  alias       = "alias/marketboro-dev"
  description = "States"
}

run "rotates_and_is_its_accounts" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must rotate, and its deletion must leave time to take it back."
  }

  assert {
    condition = [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal] == [
      { AWS = "arn:aws:iam::123456789012:root" },
      { Service = "cloudwatch.amazonaws.com" },
    ]
    error_message = "The key must be the account's and CloudWatch's, and nobody's else."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    error_message = "CloudWatch must use the key for this account's alarms alone."
  }
}

run "rejects_an_alias_of_aws" {
  command = plan

  variables {
    alias = "alias/aws/s3"
  }

  expect_failures = [var.alias]
}

run "rejects_a_name_without_alias" {
  command = plan

  variables {
    alias = "marketboro-dev"
  }

  expect_failures = [var.alias]
}
