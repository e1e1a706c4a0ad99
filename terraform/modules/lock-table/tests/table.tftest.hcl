variables {
  name = "marketboro-dev-terraform-lock"
}

run "is_what_terraform_locks_with" {
  assert {
    condition = (
      aws_dynamodb_table.this.hash_key == "LockID" &&
      aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" &&
      aws_dynamodb_table.this.point_in_time_recovery[0].enabled &&
      aws_dynamodb_table.this.server_side_encryption[0].enabled &&
      aws_dynamodb_table.this.deletion_protection_enabled
    )
    error_message = "The table must have Terraform's key, be paid by request, recoverable, encrypted and protected."
  }
}

run "can_be_destroyed_when_told" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled == false
    error_message = "Without protection the table must be destroyable."
  }
}
