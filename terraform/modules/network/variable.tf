variable "name" {
  description = "What the tag Name of everything here begins with."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "zone_count" {
  description = "Availability zones to use, each with a public and a private subnet."
  type        = number

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count must be 2 or 3."
  }
}

variable "availability_zones" {
  description = "Which zones, by name; empty for the region's first ones."
  type        = list(string)
  default     = []
}

variable "private_zone" {
  description = "Private DNS zone of the VPC."
  type        = string
}
