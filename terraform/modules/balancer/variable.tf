variable "name" {
  description = "Name of the balancer and of its security group."
  type        = string
}

variable "target_group_name" {
  description = "Name of the service's target group: 32 characters at most."
  type        = string

  validation {
    condition     = length(var.target_group_name) <= 32
    error_message = "target_group_name must have 32 characters at most, such as marketboro-dev-service."
  }
}

variable "vpc_id" {
  description = "VPC of the balancer and its targets."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets, each in another zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be at least 2 subnets: a balancer needs two zones."
  }
}

variable "service_port" {
  description = "Port that the service listens on."
  type        = number
}

variable "service_security_group_id" {
  description = "Security group of the service's tasks, the only place where the balancer sends anything."
  type        = string
}

variable "http_only" {
  description = "Serve plain HTTP on port 80, without a certificate."
  type        = bool
}

variable "certificate_arn" {
  description = "Certificate of the HTTPS listener; null with http_only."
  type        = string
  default     = null
}

variable "tls_policy" {
  description = "ELB security policy of the HTTPS listener."
  type        = string
}

variable "zone_id" {
  description = "Public Route 53 zone of the records; null where there are none."
  type        = string
  default     = null
}

variable "records" {
  description = "Full names that resolve to the balancer."
  type        = set(string)
  default     = []
}

variable "access_log_bucket" {
  description = "What the name of the access logs' bucket begins with; the account's number follows."
  type        = string
}

variable "access_log_days" {
  description = "Days for which access logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Refuse to destroy the balancer, and its logs while there are any."
  type        = bool
}
