terraform {
  backend "s3" {
    bucket  = "marketboro-dev-terraform-state"
    key     = "back/terraform.tfstate"
    region  = "ap-northeast-2"
    encrypt = true
    # Without a key named, encrypt means a key of S3's own, whatever the bucket says.
    kms_key_id = "alias/marketboro-dev"

    # Both locks, for as long as there are clients that know only the table.
    use_lockfile   = true
    dynamodb_table = "marketboro-dev-terraform-lock"
  }
}
