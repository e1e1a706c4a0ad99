variable "name" {
  description = "Name of the group, the launch template and the instance."
  type        = string
}

variable "tags" {
  description = "Tags of the instance and of what is launched with it, besides Name."
  type        = map(string)
}

variable "role_name" {
  description = "Name of the instance's role and profile."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of the role: output workload_boundary_arn of root back."
  type        = string
}

variable "architecture" {
  description = "Architecture of image and instance: arm64 or x86_64."
  type        = string
}

variable "instance_type" {
  description = "EC2 instance type, of that architecture."
  type        = string
}

variable "image_prefix" {
  description = "What names of images begin with; architecture and time follow."
  type        = string
}

variable "image_id" {
  description = "Image to use instead of the newest one; null for the newest."
  type        = string
  default     = null
}

variable "root_volume_gib" {
  description = "Size of the root disk in GiB."
  type        = number
}

variable "data_volume_tag" {
  description = "Tag by which the host finds its data volume: output tag of module data-volume."
  type = object({
    key   = string
    value = string
  })
}

variable "vpc_id" {
  description = "VPC of the host."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet of the host, in the zone of its data volume."
  type        = string
}

variable "clients" {
  description = "Who reaches the host, by what for: the port, and the security group that may."
  type = map(object({
    port              = number
    security_group_id = string
  }))
}

variable "target_group_arns" {
  description = "Target groups that the host is registered in."
  type        = list(string)
}

variable "endpoints_security_group_id" {
  description = "Security group of the VPC's interface endpoints."
  type        = string
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the parameters, the backups and the topic."
  type        = string
}

variable "parameter_path" {
  description = "Path in SSM of the host's passwords, with a slash at either end."
  type        = string

  validation {
    condition     = startswith(var.parameter_path, "/") && endswith(var.parameter_path, "/")
    error_message = "parameter_path must begin and end with a slash, such as /marketboro/dev/monitor/."
  }
}

variable "load_generator_token_parameter" {
  description = "Parameter in SSM that the host writes the load generators' token to."
  type        = string

  validation {
    condition     = startswith(var.load_generator_token_parameter, "/")
    error_message = "load_generator_token_parameter must begin with a slash, such as /marketboro/dev/loadgen/influxdb-token."
  }
}

variable "backup_bucket" {
  description = "Name of the bucket of the backups."
  type        = string
}

variable "backup_bucket_arn" {
  description = "ARN of the bucket of the backups."
  type        = string
}

variable "backup_public_key" {
  description = "age public key that backups are encrypted to besides the bucket's encryption; null for none."
  type        = string
  default     = null
}

variable "log_groups" {
  description = "Log groups whose lines Grafana may read: names, with * where it stands for several."
  type        = list(string)

  validation {
    condition     = alltrue([for group in var.log_groups : can(regex("^/[a-zA-Z0-9_./#-]{3,}[*]?$", group))])
    error_message = "log_groups must be names that begin with a slash and say more than *, such as /marketboro/dev/*."
  }
}

variable "grafana_url" {
  description = "URL that people type to reach Grafana."
  type        = string
}

variable "alerts_topic_arn" {
  description = "SNS topic of the alarms, and of Grafana's alerts."
  type        = string
}
