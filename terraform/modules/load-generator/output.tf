output "task_family" {
  description = "Family of the task definition."
  value       = aws_ecs_task_definition.this.family
}

output "security_group_id" {
  description = "Security group to start tasks with."
  value       = aws_security_group.this.id
}

output "results_bucket" {
  description = "Bucket that generators write below runs/ in."
  value       = module.results.name
}
