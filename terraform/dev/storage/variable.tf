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

variable "billing_mode" {
  description = "How the table is paid: PAY_PER_REQUEST for each request, or PROVISIONED for units an hour that autoscaling follows the load with."
  type        = string
  default     = "PAY_PER_REQUEST"

  validation {
    condition     = contains(["PAY_PER_REQUEST", "PROVISIONED"], var.billing_mode)
    error_message = "billing_mode must be PAY_PER_REQUEST or PROVISIONED."
  }
}

variable "on_demand_limit" {
  description = "Most units a second with PAY_PER_REQUEST, as a bound on what a flood can cost: what is above is throttled. Null for none; to lift a limit that was set, -1."
  type        = object({ read = number, write = number })
  default     = null

  validation {
    condition = var.on_demand_limit == null ? true : alltrue([
      for units in [var.on_demand_limit.read, var.on_demand_limit.write] : floor(units) == units && (units == -1 || units >= 1)
    ])
    error_message = "on_demand_limit must be null or whole numbers of at least 1 (-1 lifts a limit), such as { read = 4000, write = 2000 }."
  }
}

variable "read_capacity" {
  description = "Bounds of the read units with PROVISIONED."
  type        = object({ min = number, max = number })
  default     = { min = 5, max = 1000 }

  validation {
    condition = (
      floor(var.read_capacity.min) == var.read_capacity.min && floor(var.read_capacity.max) == var.read_capacity.max &&
      var.read_capacity.min >= 1 && var.read_capacity.min <= var.read_capacity.max && var.read_capacity.max <= 40000
    )
    error_message = "read_capacity must be whole numbers of 1 to 40000, min no more than max, such as { min = 5, max = 1000 }."
  }
}

variable "write_capacity" {
  description = "Bounds of the write units with PROVISIONED."
  type        = object({ min = number, max = number })
  default     = { min = 5, max = 1000 }

  validation {
    condition = (
      floor(var.write_capacity.min) == var.write_capacity.min && floor(var.write_capacity.max) == var.write_capacity.max &&
      var.write_capacity.min >= 1 && var.write_capacity.min <= var.write_capacity.max && var.write_capacity.max <= 40000
    )
    error_message = "write_capacity must be whole numbers of 1 to 40000, min no more than max, such as { min = 5, max = 1000 }."
  }
}

variable "target_utilisation" {
  description = "Percentage of the provisioned units that autoscaling keeps in use: less leaves more room for a sudden rise."
  type        = number
  default     = 70

  validation {
    condition     = var.target_utilisation >= 20 && var.target_utilisation <= 90
    error_message = "target_utilisation must be 20 to 90, such as 70."
  }
}

variable "recovery_days" {
  description = "Days back to which the table can be restored, to the second."
  type        = number
  default     = 35

  validation {
    condition     = floor(var.recovery_days) == var.recovery_days && var.recovery_days >= 1 && var.recovery_days <= 35
    error_message = "recovery_days must be a whole number of 1 to 35."
  }
}

variable "deleted_backup_days" {
  description = "Days that a backup of the monitor host can still be brought back after the host deleted or overwrote it."
  type        = number
  default     = 30

  validation {
    condition     = floor(var.deleted_backup_days) == var.deleted_backup_days && var.deleted_backup_days >= 7 && var.deleted_backup_days <= 365
    error_message = "deleted_backup_days must be a whole number of 7 to 365, such as 30."
  }
}
