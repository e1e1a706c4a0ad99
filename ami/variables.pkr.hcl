variable "region" {
  type        = string
  description = "Region that the image is built in and belongs to."
}

variable "architecture" {
  type        = string
  description = "arm64 or x86_64; Terraform's variable of the same name in root monitor-instance."
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "payload" {
  type        = string
  description = "Folder that ami/payload filled, on a machine of that architecture."
}

variable "source_commit" {
  type        = string
  description = "Commit that the payload was made from: 40 hexadecimal digits."

  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.source_commit))
    error_message = "The commit is 40 hexadecimal digits: git rev-parse HEAD."
  }
}

variable "subnet_id" {
  type        = string
  description = "Public subnet to build in; that of the default VPC where it is null."
  default     = null
}

variable "deprecate_after" {
  type        = string
  description = "How long until EC2 lists the image as deprecated; hosts go on using it. A new one is built each week."
  default     = "2160h"
}
