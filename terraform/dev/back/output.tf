output "key_arn" {
  description = "ARN of the environment's KMS key."
  value       = module.key.arn
}

output "repository_urls" {
  description = "What images are pushed to and pulled from, without a tag: service and loadgen."
  value       = { for purpose, repository in module.repository : purpose => repository.url }
}

output "repository_arns" {
  description = "ARNs of the image repositories: service and loadgen."
  value       = { for purpose, repository in module.repository : purpose => repository.arn }
}

output "role_arns" {
  description = "ARNs of the roles of GitHub's workflows: plan, apply, deploy, image and loadtest."
  value       = { for purpose, role in module.github_role : purpose => role.arn }
}

output "workload_boundary_arn" {
  description = "ARN of the permissions boundary of what runs: no role is made without it."
  value       = module.boundaries.workload_arn
}

output "state_bucket" {
  description = "Bucket of the states."
  value       = module.state_bucket.name
}

output "lock_table" {
  description = "DynamoDB table of the locks of states."
  value       = module.lock_table.name
}
