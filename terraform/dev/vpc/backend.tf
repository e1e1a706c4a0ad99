terraform {
  backend "s3" {
    bucket     = "marketboro-dev-terraform-state"
    key        = "vpc/terraform.tfstate"
    region     = "ap-northeast-2"
    encrypt    = true
    kms_key_id = "alias/marketboro-dev"

    # Both locks, for as long as there are clients that know only the table.
    use_lockfile   = true
    dynamodb_table = "marketboro-dev-terraform-lock"
  }
}

data "terraform_remote_state" "back" {
  backend = "s3"

  config = {
    bucket = var.state_bucket
    key    = "back/terraform.tfstate"
    region = var.region
  }
}
