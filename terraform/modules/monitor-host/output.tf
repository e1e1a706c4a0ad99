output "auto_scaling_group_name" {
  description = "Name of the Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "security_group_id" {
  description = "Security group of the host."
  value       = aws_security_group.this.id
}

output "image_id" {
  description = "Image that the next host is launched from."
  value       = data.aws_ami.this.id
}

output "environment" {
  description = "What /etc/marketboro/monitor.env says."
  value       = local.environment
}

output "user_data" {
  description = "What cloud-init reads at the first boot."
  value       = local.user_data
}

output "policy" {
  description = "What the host may do (JSON)."
  value       = data.aws_iam_policy_document.host.json
}
