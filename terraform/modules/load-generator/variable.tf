variable "family" {
  description = "Family of the task definition, and name of the security group."
  type        = string
}

variable "container_name" {
  description = "Name of the container in the task."
  type        = string
}

variable "image" {
  description = "Image that the template names; whoever starts a run puts another in its place."
  type        = string
}

variable "repository_arn" {
  description = "ECR repository of the image."
  type        = string
}

variable "cpu_architecture" {
  description = "ARM64 or X86_64, as the image is."
  type        = string
}

variable "cpu" {
  description = "CPU units of a task, 1024 for a core; together with memory a size that Fargate has."
  type        = number
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "influxdb_host" {
  description = "Private name of InfluxDB."
  type        = string
}

variable "influxdb_token_parameter" {
  description = "Parameter in SSM with the token to write there."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the results and of that parameter."
  type        = string
}

variable "results_bucket" {
  description = "What the name of the results' bucket begins with; the account's number follows."
  type        = string
}

variable "results_days" {
  description = "Days for which results are kept."
  type        = number
}

variable "log_group" {
  description = "Name of the log group."
  type        = string
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "roles" {
  description = "Names of the roles, as module names has them."
  type = object({
    load_generator_task      = string
    load_generator_execution = string
  })
}

variable "boundary_arn" {
  description = "Permissions boundary of the roles."
  type        = string
}

variable "deletion_protection" {
  description = "Refuse to destroy results while there are any."
  type        = bool
}
