variable "vpc_id" {
  description = "VPC whose traffic is recorded."
  type        = string
}

variable "log_group" {
  description = "Name of the log group, one of module names."
  type        = string
}

variable "role" {
  description = "Name of the role that writes to it, one of module names."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of the role: output workload_boundary_arn of root back."
  type        = string
}

variable "traffic" {
  description = "What is recorded: ALL, ACCEPT or REJECT."
  type        = string
}

variable "retention_days" {
  description = "Days until a record is deleted."
  type        = number
}

variable "deletion_protection" {
  description = "Refuse to delete the log group."
  type        = bool
  default     = true
}
