variable "prefix" {
  description = "What the names of the alarms begin with."
  type        = string
}

variable "topic_arn" {
  description = "SNS topic that alarms go to."
  type        = string
}

variable "load_balancer_arn_suffix" {
  description = "The balancer as CloudWatch names it."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "The service's target group as CloudWatch names it."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster of the service."
  type        = string
}

variable "service_name" {
  description = "ECS service."
  type        = string
}

variable "table_name" {
  description = "DynamoDB table of the items."
  type        = string
}

variable "error_percent" {
  description = "Share of 5xx from which on an alarm is raised."
  type        = number
}

variable "latency_seconds" {
  description = "99th percentile of latency from which on an alarm is raised."
  type        = number
}
