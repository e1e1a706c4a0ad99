# Terraform's locks: one item while a run holds a state, and one with the checksum of each state.

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:AWS's own key is enough for locks and checksums
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}
