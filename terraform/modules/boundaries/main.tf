# The most that roles can ever do, whatever their policies say. Both are an administrator's to change: the role that
# applies may touch neither.

module "names" {
  source = "../names"

  environment = var.environment
}

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  at      = "${var.region}:${local.account}"
  prefix  = module.names.prefix

  workload_roles = [for name in values(module.names.roles) : "arn:aws:iam::${local.account}:role/${name}"]
  lock_table     = "arn:aws:dynamodb:${local.at}:table/${module.names.lock_table}"
  state_bucket   = "arn:aws:s3:::${var.state_bucket}"

  # AWS's own keys for volumes and tables, whose policies let the account use them through these services alone.
  keys_of_aws = {
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["arn:aws:kms:${local.at}:key/*"]
    services  = ["dynamodb.${var.region}.amazonaws.com", "ec2.${var.region}.amazonaws.com"]
  }

  boundary_arns = { for purpose, name in module.names.boundaries : purpose => "arn:aws:iam::${local.account}:policy/${name}" }
}

resource "aws_iam_policy" "workload" {
  name        = module.names.boundaries.workload
  description = "The most that a task or host of ${local.prefix} can ever do"
  policy      = data.aws_iam_policy_document.workload.minified_json
}

resource "aws_iam_policy" "deployer" {
  name        = module.names.boundaries.deployer
  description = "The most that the role that applies ${local.prefix} can ever do"
  policy      = data.aws_iam_policy_document.deployer.minified_json
}
