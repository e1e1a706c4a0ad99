output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy" {
  description = "What the role that writes to it may do (JSON)."
  value       = data.aws_iam_policy_document.deliver.json
}
