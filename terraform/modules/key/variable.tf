variable "alias" {
  description = "Name that people find the key by."
  type        = string

  validation {
    condition     = can(regex("^alias/[a-zA-Z0-9/_-]+$", var.alias)) && !startswith(var.alias, "alias/aws/")
    error_message = "alias must begin with alias/ and go on with letters, digits, slashes, hyphens or underscores, such as alias/marketboro-dev."
  }
}

variable "description" {
  description = "What the key is for, as people see it in the console."
  type        = string
}

variable "deletion_window_days" {
  description = "Days between the deletion of the key and its end, for as long as which it can be taken back."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30 && floor(var.deletion_window_days) == var.deletion_window_days
    error_message = "deletion_window_days must be a whole number from 7 to 30."
  }
}
