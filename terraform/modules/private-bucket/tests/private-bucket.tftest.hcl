# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

variables {
  name    = "marketboro-test-bucket"
  key_arn = "arn:aws:kms:ap-northeast-2:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "closed_encrypted_and_versioned" {
  assert {
    condition     = aws_s3_bucket.this.bucket == "marketboro-test-bucket-123456789012"
    error_message = "The account's number must make the name unique."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy &&
      aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    )
    error_message = "The bucket must be closed to the public in all four ways."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.key_arn
    error_message = "Objects must be encrypted with the key."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "The bucket must keep old versions."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "No access list may ever count."
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy == false
    error_message = "The bucket must be protected unless asked otherwise."
  }
}

run "tls_alone" {
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Action == "s3:*" && statement.Principal == "*" && statement.Condition.Bool["aws:SecureTransport"] == "false"
    ])
    error_message = "Requests without TLS must be refused."
  }
}

run "old_versions_go" {
  assert {
    condition     = one(one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration).expired_object_delete_marker
    error_message = "Where no object expires, the markers that deletions leave must."
  }

  assert {
    condition     = one(one(aws_s3_bucket_lifecycle_configuration.this.rule).noncurrent_version_expiration).noncurrent_days == 90
    error_message = "Old versions must go after 90 days."
  }
}

run "objects_expire" {
  state_key = "expiring"

  variables {
    expire_days = 30
  }

  assert {
    condition     = one(one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration).days == 30 && one(one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration).expired_object_delete_marker != true
    error_message = "S3 takes days or markers, never both."
  }
}

run "protection_can_be_lifted" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy
    error_message = "Without protection the bucket must go with all that is in it."
  }
}
