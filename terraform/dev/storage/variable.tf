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
