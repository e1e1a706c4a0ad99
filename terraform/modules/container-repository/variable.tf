variable "name" {
  description = "Name of the repository, one of module names."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name)) && length(var.name) >= 2 && length(var.name) <= 256
    error_message = "name must be 2 to 256 lower-case letters, digits and single . _ / - between them, such as marketboro-dev-service."
  }
}

variable "keep_images" {
  description = "How many deployed images are kept to roll back to; each push beyond deletes the oldest."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_images >= 5 && var.keep_images <= 1000 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images must be a whole number from 5 to 1000: fewer would leave nothing to roll back to."
  }
}

variable "untagged_days" {
  description = "Days until what was pushed without a tag is deleted."
  type        = number
  default     = 7

  validation {
    condition     = var.untagged_days >= 1 && var.untagged_days <= 365 && floor(var.untagged_days) == var.untagged_days
    error_message = "untagged_days must be a whole number from 1 to 365."
  }
}

variable "deletion_protection" {
  description = "Refuse to destroy the repository while it holds images."
  type        = bool
  default     = true
}
