variable "environment" {
  description = "Name of the environment, part of every name: 2 to 10 lower-case letters."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z]{2,10}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters, such as dev or prod."
  }
}

variable "region" {
  description = "AWS region of everything; backend.tf says it as well."
  type        = string
  default     = "ap-northeast-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as ap-northeast-2."
  }
}

variable "state_bucket" {
  description = "Bucket of the states; backend.tf says it as well."
  type        = string
  default     = "marketboro-dev-terraform-state"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of an S3 bucket: 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "deletion_protection" {
  description = "Refuse to destroy what holds data or answers users. To destroy an environment, apply once with false, then destroy."
  type        = bool
  default     = true
}

variable "state_history_days" {
  description = "Days for which an overwritten version of a state can be had back."
  type        = number
  default     = 365

  validation {
    condition     = var.state_history_days >= 30 && floor(var.state_history_days) == var.state_history_days
    error_message = "state_history_days must be a whole number of at least 30."
  }
}

variable "github_repository" {
  description = "The repository whose workflows may use the roles, as the subjects of its tokens name it: OWNER/REPOSITORY, or OWNER@ID/REPOSITORY@ID for repositories made since July 2026 (gh api repos/OWNER/REPOSITORY/actions/oidc/customization/sub says which)."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$|^[A-Za-z0-9][A-Za-z0-9_-]*@[0-9]+/[A-Za-z0-9._-]+@[0-9]+$", var.github_repository))
    error_message = "github_repository must be OWNER/REPOSITORY or OWNER@ID/REPOSITORY@ID, such as example/marketboro, and no URL or pattern."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's OIDC provider for GitHub where it has one already (another environment or project made it); null to make it."
  type        = string
  default     = null

  validation {
    condition     = var.github_oidc_provider_arn == null || can(regex("^arn:aws:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_oidc_provider_arn))
    error_message = "github_oidc_provider_arn must be an ARN such as arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com."
  }
}

variable "zone_name" {
  description = "Route 53 zone that root instance makes www and grafana in: the role that applies may change no other public record."
  type        = string
  default     = "marketboro.click"

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.zone_name))
    error_message = "zone_name must be a domain in lower case without a dot at its end, such as marketboro.click."
  }
}

variable "keep_images" {
  description = "How many deployed images each repository keeps to roll back to."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_images >= 5 && var.keep_images <= 1000 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images must be a whole number from 5 to 1000, such as 30."
  }
}

variable "untagged_image_days" {
  description = "Days until what was pushed without a tag is deleted."
  type        = number
  default     = 7

  validation {
    condition     = var.untagged_image_days >= 1 && var.untagged_image_days <= 365 && floor(var.untagged_image_days) == var.untagged_image_days
    error_message = "untagged_image_days must be a whole number from 1 to 365."
  }
}
