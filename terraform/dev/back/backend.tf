terraform {
  backend "s3" {
    bucket  = "marketboro-dev-terraform-state"
    key     = "back/terraform.tfstate"
    region  = "ap-northeast-2"
    encrypt = true

    # Both locks, for as long as there are clients that know only the table.
    use_lockfile   = true
    dynamodb_table = "marketboro-dev-terraform-lock"
  }
}
