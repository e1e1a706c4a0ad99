variable "environment" {
  description = "Name of the environment, part of every name: 2 to 10 lower-case letters."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z]{2,10}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters, such as dev or prod."
  }
}

variable "region" {
  description = "AWS region of everything; backend.tf says it as well."
  type        = string
  default     = "ap-northeast-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as ap-northeast-2."
  }
}

variable "state_bucket" {
  description = "Bucket of the states; backend.tf says it as well."
  type        = string
  default     = "marketboro-dev-terraform-state"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of an S3 bucket: 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "deletion_protection" {
  description = "Refuse to destroy what holds data or answers users. To destroy an environment, apply once with false, then destroy."
  type        = bool
  default     = true
}

variable "vpc_cidr" {
  description = "Addresses of the VPC. They cannot be changed later, and should be no other network's that is ever to be connected."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = try(cidrsubnet(var.vpc_cidr, 0, 0) == var.vpc_cidr && can(regex("/(1[6-9]|20)$", var.vpc_cidr)), false)
    error_message = "vpc_cidr must be the first address of a block and a prefix of /16 to /20, such as 10.20.0.0/16."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.16\\.|192\\.168\\.)", var.vpc_cidr))
    error_message = "vpc_cidr must be private: within 10.0.0.0/8, 172.16.0.0/16 or 192.168.0.0/16, such as 10.20.0.0/16. The rest of 172.16.0.0/12 is what Docker on the monitor host uses."
  }
}

variable "zone_count" {
  description = "Availability zones to use. Two survive the loss of one; the third costs the price of one more address for every endpoint that is in every zone."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count must be 2 or 3."
  }
}

variable "availability_zones" {
  description = "Which zones, by name, the monitor host's first; empty for the region's first ones. For where these lack an instance type or an endpoint. They cannot be changed later."
  type        = list(string)
  default     = []

  validation {
    condition     = contains([0, var.zone_count], length(distinct(var.availability_zones))) && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones must be empty or name as many different zones as zone_count says, such as [\"ap-northeast-2a\", \"ap-northeast-2c\"]."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^${var.region}[a-z]$", zone))])
    error_message = "availability_zones must be zones of the region, such as [\"ap-northeast-2a\", \"ap-northeast-2c\"]."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached without the Internet, each at an hourly price for every zone it is in: every-zone for what tasks need to start, first-zone for what the monitor host alone uses, which lives there. Besides these: ec2messages for agents of Systems Manager before 3.3.40.0, secretsmanager, sts."
  type        = map(string)

  default = {
    "ecr.api"     = "every-zone"
    "ecr.dkr"     = "every-zone"
    "logs"        = "every-zone"
    "ssm"         = "every-zone"
    "ssmmessages" = "first-zone"
    "monitoring"  = "first-zone"
    "ec2"         = "first-zone"
    "autoscaling" = "first-zone"
    "sns"         = "first-zone"
  }

  validation {
    condition = length(setsubtract(keys(var.interface_endpoints), [
      "autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sns", "ssm", "ssmmessages", "sts",
    ])) == 0
    error_message = "interface_endpoints knows autoscaling, ec2, ec2messages, ecr.api, ecr.dkr, logs, monitoring, secretsmanager, sns, ssm, ssmmessages and sts; another service needs a policy in modules/endpoints/allowed.tf first."
  }

  validation {
    condition     = alltrue([for zones in values(var.interface_endpoints) : contains(["every-zone", "first-zone"], zones)])
    error_message = "interface_endpoints must give each service every-zone or first-zone, such as { \"ecr.api\" = \"every-zone\" }."
  }

  validation {
    condition     = length(setsubtract(["ecr.api", "ecr.dkr", "logs"], keys(var.interface_endpoints))) == 0
    error_message = "interface_endpoints must hold ecr.api, ecr.dkr and logs: without them no task starts."
  }
}

variable "flow_log_traffic" {
  description = "Which connections the flow logs record: ALL, ACCEPT or REJECT."
  type        = string
  default     = "ALL"

  validation {
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.flow_log_traffic)
    error_message = "flow_log_traffic must be ALL, ACCEPT or REJECT."
  }
}

variable "flow_log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_retention_days)
    error_message = "flow_log_retention_days must be a number of days that CloudWatch Logs knows, such as 7, 14, 30, 60, 90, 180 or 365."
  }
}
