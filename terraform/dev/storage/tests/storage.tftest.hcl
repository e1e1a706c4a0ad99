# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

override_data {
  target = data.terraform_remote_state.back
  values = {
    outputs = {
      key_arn = "arn:aws:kms:ap-northeast-2:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
}

run "as_it_is" {
  assert {
    condition     = output.table_name == "marketboro-dev-items" && output.table_arn == "arn:aws:dynamodb:ap-northeast-2:123456789012:table/marketboro-dev-items"
    error_message = "The table must have the name that the roots before and after this one use."
  }

  assert {
    condition     = output.backup_bucket == "marketboro-dev-monitor-backups-123456789012" && output.backup_bucket_arn == "arn:aws:s3:::marketboro-dev-monitor-backups-123456789012"
    error_message = "The bucket must be that of the monitor host's backups, unique by the account's number."
  }
}

run "host_cannot_destroy_backups" {
  assert {
    condition = anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.backups.json).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" &&
      statement.Condition.ArnEquals["aws:PrincipalArn"] == "arn:aws:iam::123456789012:role/marketboro-dev-monitor-host" &&
      length(setsubtract(["s3:DeleteObjectVersion", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"], statement.Action)) == 0
    ])
    error_message = "The monitor host must be able neither to delete old versions nor to shorten their lives."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(data.aws_iam_policy_document.backups.json).Statement : statement.Effect == "Deny"])
    error_message = "The bucket's policy must give rights to nobody: roles have theirs."
  }
}

run "provisioned" {
  variables {
    billing_mode   = "PROVISIONED"
    read_capacity  = { min = 5, max = 50 }
    write_capacity = { min = 5, max = 50 }
  }

  assert {
    condition     = output.table_name == "marketboro-dev-items"
    error_message = "The table must stay the same one, whatever the way to pay."
  }
}
