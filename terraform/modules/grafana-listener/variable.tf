variable "name" {
  description = "Name of the target group and of the alarm: 32 characters at most."
  type        = string

  validation {
    condition     = length(var.name) <= 32
    error_message = "name must have 32 characters at most, such as marketboro-dev-grafana."
  }
}

variable "vpc_id" {
  description = "VPC of the host."
  type        = string
}

variable "load_balancer" {
  description = "The service's balancer: outputs load_balancer_* of root instance."
  type = object({
    arn               = string
    arn_suffix        = string
    security_group_id = string
  })
}

variable "certificate_arn" {
  description = "Certificate of the listener."
  type        = string
}

variable "tls_policy" {
  description = "ELB security policy of the listener."
  type        = string
}

variable "target_security_group_id" {
  description = "Security group of the host."
  type        = string
}

variable "allowed_cidrs" {
  description = "IPv4 networks of the people who may reach Grafana."
  type        = set(string)
}

variable "alerts_topic_arn" {
  description = "SNS topic of the alarm."
  type        = string
}
