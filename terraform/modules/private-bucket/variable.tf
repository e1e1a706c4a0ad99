variable "name" {
  description = "Name of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 50 lower-case letters, digits and hyphens: an account's number is added to it."
  }
}

variable "unique" {
  description = "Add the account's number to the name, since names of buckets are the world's."
  type        = bool
  default     = true
}

variable "key_arn" {
  description = "KMS key that objects are encrypted with; null for S3's own (AES-256)."
  type        = string
  default     = null
}

variable "noncurrent_days" {
  description = "Days until an overwritten or deleted version is really gone."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "noncurrent_days must be at least 1."
  }
}

variable "expire_days" {
  description = "Days until an object is deleted; null for never."
  type        = number
  default     = null
}

variable "policy" {
  description = "Bucket policy (JSON) besides the refusal of requests without TLS; null for none."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Refuse to destroy the bucket while there is anything in it."
  type        = bool
  default     = true
}
