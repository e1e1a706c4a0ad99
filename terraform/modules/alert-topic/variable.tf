variable "name" {
  description = "Name of the topic."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the topic, which CloudWatch may use."
  type        = string
}

variable "emails" {
  description = "Addresses that get alarms by e-mail."
  type        = set(string)
  sensitive   = true
}
