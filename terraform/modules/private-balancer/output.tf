output "security_group_id" {
  description = "Security group of the balancer."
  value       = aws_security_group.this.id
}

output "target_group_arns" {
  description = "ARNs of the target groups, known once listeners forward to them."
  value       = [for group in aws_lb_target_group.this : group.arn]
  depends_on  = [aws_lb_listener.this]
}
