variable "provider_arn" {
  description = "ARN of the account's OIDC provider for GitHub where it has one already; null to make it."
  type        = string
  default     = null

  validation {
    condition     = var.provider_arn == null || can(regex("^arn:aws:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.provider_arn))
    error_message = "provider_arn must be the ARN of GitHub's OIDC provider, such as arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com."
  }
}
