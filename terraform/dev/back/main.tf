module "names" {
  source = "../../modules/names"

  environment = var.environment
}

module "key" {
  source = "../../modules/key"

  alias       = module.names.key_alias
  description = "States, parameters, backups, results and alerts of ${module.names.prefix}"
}

# Its name is in backend.tf, where no variable may be, so it is the same in all accounts of the world.
module "state_bucket" {
  source = "../../modules/private-bucket"

  name                = var.state_bucket
  unique              = false
  key_arn             = module.key.arn
  noncurrent_days     = var.state_history_days
  deletion_protection = var.deletion_protection
}

module "lock_table" {
  source = "../../modules/lock-table"

  name                = module.names.lock_table
  deletion_protection = var.deletion_protection
}

module "repository" {
  source   = "../../modules/container-repository"
  for_each = module.names.repositories

  name                = each.value
  keep_images         = var.keep_images
  untagged_days       = var.untagged_image_days
  deletion_protection = var.deletion_protection
}

module "boundaries" {
  source = "../../modules/boundaries"

  environment  = var.environment
  region       = var.region
  state_bucket = var.state_bucket
  key_arn      = module.key.arn
}

module "github_oidc" {
  source = "../../modules/github-oidc"

  provider_arn = var.github_oidc_provider_arn
}

module "github_permissions" {
  source = "../../modules/github-permissions"

  environment  = var.environment
  region       = var.region
  state_bucket = var.state_bucket
  key_arn      = module.key.arn
  zone_name    = var.zone_name
}

locals {
  on_main        = "ref:refs/heads/main"
  in_environment = "environment:${var.environment}"

  github_roles = {
    plan = {
      description = "Plans Terraform, reads no data"
      # On main too: drift is looked for there, and an apply is planned there before anybody approves of it.
      subjects = ["pull_request", local.on_main]
      policies = module.github_permissions.plan
      seconds  = 3600
      boundary = null
    }
    apply = {
      description = "Applies Terraform, after approval"
      subjects    = [local.in_environment]
      policies    = module.github_permissions.apply
      seconds     = 7200
      boundary    = module.boundaries.deployer_arn
    }
    deploy = {
      description = "Pushes images and deploys the service"
      subjects    = [local.on_main, local.in_environment]
      policies    = module.github_permissions.deploy
      seconds     = 3600
      boundary    = null
    }
    image = {
      description = "Builds the monitor host's image and brings it to the host"
      subjects    = [local.on_main, local.in_environment]
      policies    = module.github_permissions.image
      seconds     = 7200
      boundary    = null
    }
    loadtest = {
      description = "Runs load generators and reads their results"
      subjects    = [local.on_main, local.in_environment]
      policies    = module.github_permissions.loadtest
      seconds     = 14400
      boundary    = null
    }
  }
}

module "github_role" {
  source   = "../../modules/github-role"
  for_each = local.github_roles

  name                = module.names.github_roles[each.key]
  description         = each.value.description
  provider_arn        = module.github_oidc.arn
  repository          = var.github_repository
  subjects            = each.value.subjects
  policies            = each.value.policies
  boundary_arn        = each.value.boundary
  max_session_seconds = each.value.seconds
}
