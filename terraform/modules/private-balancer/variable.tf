variable "name" {
  description = "Name of the balancer: 32 characters at most."
  type        = string
}

variable "target_group_prefix" {
  description = "What the names of the target groups begin with; the endpoint's name follows."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the balancer and its target."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet of the balancer, in the zone of the host."
  type        = string
}

variable "target_security_group_id" {
  description = "Security group of the host, the only place where the balancer sends anything."
  type        = string
}

variable "endpoints" {
  description = "What is balanced, by name: its port, the security group of its clients, and the path that answers 200 when it is well (null: a connection is enough)."
  type = map(object({
    port                     = number
    client_security_group_id = string
    health_path              = optional(string)
  }))

  validation {
    condition     = alltrue([for name in keys(var.endpoints) : can(regex("^[a-z0-9-]{1,10}$", name))])
    error_message = "endpoints must have names of 1 to 10 lower-case letters, digits and hyphens, such as otlp-http: a target group's name has 32 characters at most."
  }
}

variable "zone_id" {
  description = "Private DNS zone of the records."
  type        = string
}

variable "records" {
  description = "Full names that resolve to the balancer."
  type        = set(string)
}

variable "alerts_topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}

variable "deletion_protection" {
  description = "Refuse to destroy the balancer."
  type        = bool
  default     = true
}
