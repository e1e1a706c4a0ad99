variable "environment" {
  description = "Name of the environment: 2 to 10 lower-case letters, so that the longest name of a balancer still fits into 32 characters."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,10}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters, such as dev or prod."
  }
}
