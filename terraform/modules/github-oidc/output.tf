output "arn" {
  description = "ARN of the provider."
  value       = coalesce(var.provider_arn, one(aws_iam_openid_connect_provider.this[*].arn))
}
