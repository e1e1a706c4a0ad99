output "table_name" {
  description = "Name of the DynamoDB table of the items."
  value       = module.table.name
}

output "table_arn" {
  description = "ARN of the DynamoDB table of the items."
  value       = module.table.arn
}

output "backup_bucket" {
  description = "Bucket of the monitor host's backups."
  value       = module.backups.name
}

output "backup_bucket_arn" {
  description = "ARN of the bucket of the monitor host's backups."
  value       = module.backups.arn
}
