variable "name" {
  description = "Name of the role, one of module names."
  type        = string
}

variable "description" {
  description = "What the role is for, as people see it in the console."
  type        = string
}

variable "service" {
  description = "Who assumes it, such as ecs-tasks.amazonaws.com."
  type        = string

  validation {
    condition     = endswith(var.service, ".amazonaws.com")
    error_message = "service must be a service principal, such as ecs-tasks.amazonaws.com."
  }
}

variable "policy" {
  description = "What it may do (JSON)."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary: output workload_boundary_arn of root back."
  type        = string
}
