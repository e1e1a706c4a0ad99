module "names" {
  source = "../../modules/names"

  environment = var.environment
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "table" {
  source = "../../modules/table"

  name                = module.names.table
  billing_mode        = var.billing_mode
  on_demand_limit     = var.on_demand_limit
  read_capacity       = var.read_capacity
  write_capacity      = var.write_capacity
  target_utilisation  = var.target_utilisation
  recovery_days       = var.recovery_days
  deletion_protection = var.deletion_protection
}

# The host prunes its own backups, so it may delete. What it deletes or overwrites stays as an old version, and that it
# can never touch: who takes the host over cannot take the backups along.
data "aws_iam_policy_document" "backups" {
  statement {
    sid    = "KeepVersionsFromHost"
    effect = "Deny"
    actions = [
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:DeleteObjectVersion",
      "s3:PutBucketPolicy",
      "s3:PutBucketVersioning",
      "s3:PutLifecycleConfiguration",
    ]
    resources = [
      module.backups.arn,
      "${module.backups.arn}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values = [
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${module.names.roles.monitor_host}",
      ]
    }
  }
}

module "backups" {
  source = "../../modules/private-bucket"

  name                = module.names.backup_bucket
  key_arn             = data.terraform_remote_state.back.outputs.key_arn
  noncurrent_days     = var.deleted_backup_days
  policy              = data.aws_iam_policy_document.backups.json
  deletion_protection = var.deletion_protection
}
