variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "name" {
  description = "Name of the service, of its task definition's family and of its security group."
  type        = string
}

variable "container_name" {
  description = "Name of the container in the task."
  type        = string
}

variable "container_insights" {
  description = "What CloudWatch gets besides CPU and memory: enabled or enhanced."
  type        = string

  validation {
    condition     = contains(["enabled", "enhanced"], var.container_insights)
    error_message = "container_insights must be enabled or enhanced; the dashboards need one of them."
  }
}

variable "image" {
  description = "Image that the template names; deployments put another in its place."
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

variable "port" {
  description = "Port that the service listens on."
  type        = number
}

variable "environment" {
  description = "Environment variables of the service."
  type        = map(string)
}

variable "secrets" {
  description = "Environment variables whose values are in SSM: parameter by variable, read when a task starts."
  type        = map(string)
  default     = {}
}

variable "key_arn" {
  description = "KMS key of those parameters."
  type        = string
}

variable "desired_count" {
  description = "Tasks at first; scaling decides afterwards."
  type        = number
}

variable "min_count" {
  description = "Tasks at least."
  type        = number
}

variable "max_count" {
  description = "Tasks at most."
  type        = number
}

variable "scale_at_cpu_percent" {
  description = "CPU utilisation that scaling keeps tasks at."
  type        = number
}

variable "scale_at_requests_per_minute" {
  description = "Requests per minute and task that scaling keeps tasks at."
  type        = number
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "endpoints_security_group_id" {
  description = "Security group of the VPC's interface endpoints."
  type        = string
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3's gateway endpoint."
  type        = string
}

variable "dynamodb_prefix_list_id" {
  description = "Prefix list of DynamoDB's gateway endpoint."
  type        = string
}

variable "load_balancer_security_group_id" {
  description = "Security group of the balancer, the only source of requests."
  type        = string
}

variable "load_balancer_arn_suffix" {
  description = "The balancer as CloudWatch names it."
  type        = string
}

variable "target_group_arn" {
  description = "Target group of the service, with a listener that forwards to it."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "That target group as CloudWatch names it."
  type        = string
}

variable "table_arn" {
  description = "DynamoDB table of the items."
  type        = string
}

variable "log_group" {
  description = "Name of the service's log group."
  type        = string
}

variable "log_days" {
  description = "Days for which its logs are kept."
  type        = number
}

variable "roles" {
  description = "Names of the roles, as module names has them."
  type = object({
    service_task      = string
    service_execution = string
  })
}

variable "boundary_arn" {
  description = "Permissions boundary of the roles."
  type        = string
}
