variable "name" {
  description = "Name of the role, one of module names."
  type        = string
}

variable "description" {
  description = "What the role is for, as people see it in the console."
  type        = string
}

variable "provider_arn" {
  description = "ARN of the account's OIDC provider for GitHub."
  type        = string
}

variable "repository" {
  description = "The repository as the subjects of its tokens name it: OWNER/REPOSITORY or OWNER@ID/REPOSITORY@ID."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]*(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", var.repository))
    error_message = "repository must be OWNER/REPOSITORY or OWNER@ID/REPOSITORY@ID, such as example/marketboro."
  }
}

variable "subjects" {
  description = "Which of its jobs may assume the role: what follows the repository in the subject, such as pull_request or environment:dev."
  type        = list(string)

  validation {
    condition     = length(var.subjects) > 0 && alltrue([for subject in var.subjects : can(regex("^(pull_request|ref:refs/heads/[A-Za-z0-9._/-]+|environment:[A-Za-z0-9._-]+)$", subject))])
    error_message = "subjects must be pull_request, ref:refs/heads/BRANCH or environment:NAME, without wildcards."
  }
}

variable "policies" {
  description = "What it may do: policies (JSON) by name, ten at most."
  type        = map(string)

  validation {
    condition     = length(var.policies) >= 1 && length(var.policies) <= 10
    error_message = "policies must be 1 to 10: IAM attaches no more to a role."
  }

  # IAM counts no white space.
  validation {
    condition     = alltrue([for policy in values(var.policies) : length(jsonencode(jsondecode(policy))) <= 6144])
    error_message = "policies must each have 6,144 characters at most: split one that is longer."
  }
}

variable "boundary_arn" {
  description = "ARN of the policy that caps what the role can ever do; null for none."
  type        = string
  default     = null
}

variable "max_session_seconds" {
  description = "How long a session may last."
  type        = number
  default     = 3600

  validation {
    condition     = var.max_session_seconds >= 3600 && var.max_session_seconds <= 43200
    error_message = "max_session_seconds must be from 3600 to 43200."
  }
}
