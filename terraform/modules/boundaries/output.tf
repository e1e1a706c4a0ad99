output "workload_arn" {
  description = "ARN of the boundary of what runs."
  value       = aws_iam_policy.workload.arn
}

output "deployer_arn" {
  description = "ARN of the boundary of the role that applies."
  value       = aws_iam_policy.deployer.arn
}

output "documents" {
  description = "The boundaries (JSON), by purpose."
  value = {
    workload = data.aws_iam_policy_document.workload.minified_json
    deployer = data.aws_iam_policy_document.deployer.minified_json
  }
}
