variable "name" {
  description = "Name of the table, one of module names."
  type        = string
}

variable "billing_mode" {
  description = "PAY_PER_REQUEST, or PROVISIONED with autoscaling."
  type        = string
}

variable "on_demand_limit" {
  description = "Most units a second on demand, above which requests are throttled; null for none."
  type        = object({ read = number, write = number })
}

variable "read_capacity" {
  description = "Bounds of the read units that are provisioned."
  type        = object({ min = number, max = number })
}

variable "write_capacity" {
  description = "Bounds of the write units that are provisioned."
  type        = object({ min = number, max = number })
}

variable "target_utilisation" {
  description = "Percentage of the provisioned units that the autoscaling aims at."
  type        = number
}

variable "recovery_days" {
  description = "Days back to which the table can be restored, to the second."
  type        = number
}

variable "deletion_protection" {
  description = "Refuse to delete the table."
  type        = bool
  default     = true
}
