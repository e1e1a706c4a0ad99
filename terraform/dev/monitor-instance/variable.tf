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

variable "allowed_cidrs" {
  description = "IPv4 networks whose people may open Grafana, such as an office or a VPN; with an empty list it is reached through Session Manager alone."
  type        = set(string)

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "allowed_cidrs must be IPv4 networks, such as 203.0.113.0/24: the balancer has no IPv6 addresses."
  }

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "allowed_cidrs must be networks of /16 or smaller, such as 203.0.113.0/24: Grafana is not for the world."
  }

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "allowed_cidrs must begin with the network's own address, such as 203.0.113.0/24 instead of 203.0.113.7/24."
  }

  validation {
    condition     = length(var.allowed_cidrs) <= 40
    error_message = "allowed_cidrs must be 40 networks at most, such as one for each office: a security group has 60 rules."
  }
}

variable "tls_policy" {
  description = "ELB security policy of Grafana's listener."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-[23](-Res|-Res-PQ|-PQ)?-20[0-9]{2}-[0-9]{2}$", var.tls_policy))
    error_message = "tls_policy must be a policy with TLS 1.3 and nothing older than 1.2, such as ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09."
  }
}

variable "architecture" {
  description = "Architecture of the monitor host and of its image."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "instance_type" {
  description = "Instance type of the monitor host: its containers may take 4.5 GiB of memory together."
  type        = string
  default     = "t4g.large"

  validation {
    condition     = can(regex("^(t[34]|[mr][5-9])[a-z]*(-flex)?[.](large|[248]?xlarge)$", var.instance_type))
    error_message = "instance_type must be of the families t3, t4g, m5 to m9 or r5 to r9 and of size large to 8xlarge, such as t4g.large."
  }

  # Graviton has a g after the generation.
  validation {
    condition     = can(regex("^[a-z]+[0-9]+g", var.instance_type)) == (var.architecture == "arm64")
    error_message = "instance_type must be of the architecture ${var.architecture}, such as t4g.large for arm64 or t3.large for x86_64."
  }
}

variable "image_id" {
  description = "Image of the monitor host, to go back to an earlier one; null for the newest that ami/ built."
  type        = string
  default     = null

  validation {
    condition     = var.image_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.image_id))
    error_message = "image_id must be the ID of a machine image, such as ami-0123456789abcdef0."
  }
}

variable "root_volume_gib" {
  description = "Size of the host's root disk in GiB, not below that of the image."
  type        = number
  default     = 20

  validation {
    condition     = var.root_volume_gib >= 16 && var.root_volume_gib <= 200 && floor(var.root_volume_gib) == var.root_volume_gib
    error_message = "root_volume_gib must be a whole number from 16 to 200, such as 20."
  }
}

variable "data_volume_gib" {
  description = "Size of the data volume in GiB. It can grow while in use, and never shrink."
  type        = number
  default     = 50

  validation {
    condition     = var.data_volume_gib >= 10 && var.data_volume_gib <= 16384 && floor(var.data_volume_gib) == var.data_volume_gib
    error_message = "data_volume_gib must be a whole number from 10 to 16384, such as 50."
  }
}

variable "data_volume_iops" {
  description = "Operations a second of the data volume; 3000 are included in its price."
  type        = number
  default     = 3000

  validation {
    condition     = var.data_volume_iops >= 3000 && var.data_volume_iops <= 16000 && floor(var.data_volume_iops) == var.data_volume_iops
    error_message = "data_volume_iops must be a whole number from 3000 to 16000, such as 3000."
  }

  validation {
    condition     = var.data_volume_iops <= max(3000, 500 * var.data_volume_gib)
    error_message = "data_volume_iops must be 500 for each GiB of data_volume_gib at most, such as 10000 for 20 GiB."
  }
}

variable "data_volume_throughput" {
  description = "MiB a second of the data volume; 125 are included in its price."
  type        = number
  default     = 125

  validation {
    condition     = var.data_volume_throughput >= 125 && var.data_volume_throughput <= 1000 && floor(var.data_volume_throughput) == var.data_volume_throughput
    error_message = "data_volume_throughput must be a whole number from 125 to 1000, such as 125."
  }

  validation {
    condition     = var.data_volume_throughput <= 0.25 * var.data_volume_iops
    error_message = "data_volume_throughput must be a quarter of data_volume_iops at most, such as 750 with 3000."
  }
}

variable "data_volume_snapshot_id" {
  description = "Snapshot that a new data volume begins with, when the old one is lost; changes nothing at a volume that is there."
  type        = string
  default     = null

  validation {
    condition     = var.data_volume_snapshot_id == null || can(regex("^snap-[0-9a-f]{8,17}$", var.data_volume_snapshot_id))
    error_message = "data_volume_snapshot_id must be the ID of a snapshot, such as snap-0123456789abcdef0."
  }
}

variable "snapshot_count" {
  description = "Daily snapshots of the data volume that are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.snapshot_count >= 1 && var.snapshot_count <= 1000 && floor(var.snapshot_count) == var.snapshot_count
    error_message = "snapshot_count must be a whole number from 1 to 1000, such as 14."
  }
}

variable "snapshot_time" {
  description = "When the daily snapshot is taken, in UTC; DLM begins within the hour after."
  type        = string
  default     = "18:00"

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.snapshot_time))
    error_message = "snapshot_time must be hours and minutes in UTC, such as 18:00."
  }
}

variable "backup_public_key" {
  description = "Public key (age1...) that backups are encrypted to besides the bucket's encryption, from `monitor backup keygen`; null for none. The host cannot verify what it cannot open."
  type        = string
  default     = null

  validation {
    condition     = var.backup_public_key == null || can(regex("^age1[02-9ac-hj-np-z]{58}$", var.backup_public_key))
    error_message = "backup_public_key must be an age public key, such as age1 and 58 characters after it: the private key stays away from here."
  }
}
