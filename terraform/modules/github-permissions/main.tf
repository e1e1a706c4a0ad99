# What GitHub's workflows may do in AWS, role by role, as policies. No resources. What does not exist yet is named by
# the ARN that it will have; what AWS names by chance (most of EC2) is told by its tag Environment.

module "names" {
  source = "../names"

  environment = var.environment
}

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  at      = "${var.region}:${local.account}"
  prefix  = module.names.prefix

  state_bucket = "arn:aws:s3:::${var.state_bucket}"
  # Every bucket of the environment; the state's, whose name people choose, by itself.
  buckets        = [local.state_bucket, "arn:aws:s3:::${local.prefix}-*"]
  results_bucket = "arn:aws:s3:::${module.names.results_bucket}-${local.account}"

  lock_table = "arn:aws:dynamodb:${local.at}:table/${module.names.lock_table}"
  tables     = ["arn:aws:dynamodb:${local.at}:table/${local.prefix}-*"]

  repositories = { for purpose, name in module.names.repositories : purpose => "arn:aws:ecr:${local.at}:repository/${name}" }

  cluster               = "arn:aws:ecs:${local.at}:cluster/${module.names.cluster}"
  service               = "arn:aws:ecs:${local.at}:service/${module.names.cluster}/${module.names.service}"
  tasks                 = "arn:aws:ecs:${local.at}:task/${module.names.cluster}/*"
  load_generator_family = "arn:aws:ecs:${local.at}:task-definition/${module.names.load_generator}:*"

  roles = { for purpose, name in module.names.roles : purpose => "arn:aws:iam::${local.account}:role/${name}" }

  monitor_group = "arn:aws:autoscaling:${local.at}:autoScalingGroup:*:autoScalingGroupName/${module.names.monitor}"

  log_groups = [
    "arn:aws:logs:${local.at}:log-group:/marketboro/${var.environment}/*",
    "arn:aws:logs:${local.at}:log-group:/aws/ecs/containerinsights/${module.names.cluster}/*",
    # The web firewall takes no other beginning.
    "arn:aws:logs:${local.at}:log-group:aws-waf-logs-${local.prefix}*",
  ]

  # What the web firewall can stand before.
  balancers = [
    "arn:aws:elasticloadbalancing:${local.at}:loadbalancer/app/${local.prefix}/*",
    "arn:aws:elasticloadbalancing:${local.at}:loadbalancer/app/${local.prefix}-*",
  ]
  firewall = flatten([for kind in ["ipset", "webacl"] : [
    "arn:aws:wafv2:${local.at}:regional/${kind}/${local.prefix}/*",
    "arn:aws:wafv2:${local.at}:regional/${kind}/${local.prefix}-*/*",
  ]])
  generator_ip_set = "arn:aws:wafv2:${local.at}:regional/ipset/${module.names.generator_ip_set}/*"
}
