variable "domain_name" {
  description = "Full name that the certificate is for."
  type        = string
}

variable "alternative_names" {
  description = "Further full names."
  type        = list(string)
  default     = []
}

variable "zone_id" {
  description = "Public Route 53 zone of all these names."
  type        = string
}
