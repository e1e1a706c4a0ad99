variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "region" {
  description = "AWS region of everything."
  type        = string
}

variable "state_bucket" {
  description = "Bucket of the states."
  type        = string
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "zone_name" {
  description = "Route 53 zone that www and grafana are made in."
  type        = string
}
