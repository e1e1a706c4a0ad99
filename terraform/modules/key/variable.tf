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
