variable "name" {
  description = "Name of the table, one of module names."
  type        = string
}

variable "deletion_protection" {
  description = "Refuse to destroy the table."
  type        = bool
  default     = true
}
