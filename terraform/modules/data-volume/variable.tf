variable "name" {
  description = "Name of the volume and of its snapshots; also the value of the tag that tells it from all others."
  type        = string
}

variable "availability_zone" {
  description = "Zone of the volume, and so of any host that uses it."
  type        = string
}

variable "size_gib" {
  description = "Size in GiB."
  type        = number
}

variable "iops" {
  description = "Operations a second."
  type        = number
}

variable "throughput" {
  description = "MiB a second."
  type        = number
}

variable "snapshot_id" {
  description = "Snapshot that a new volume begins with; null for an empty one. Changes nothing at a volume that is there."
  type        = string
  default     = null
}

variable "snapshot_count" {
  description = "Daily snapshots that are kept."
  type        = number
}

variable "snapshot_time" {
  description = "When the daily snapshot is taken, in UTC: hh:mm."
  type        = string
}

variable "snapshot_role" {
  description = "Name of the role that takes the snapshots."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of that role: output workload_boundary_arn of root back."
  type        = string
}

variable "alerts_topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}

variable "deletion_protection" {
  description = "Take a last snapshot before the volume is destroyed."
  type        = bool
  default     = true
}
