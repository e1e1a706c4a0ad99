output "target_group_arn" {
  description = "ARN of the target group, known once the listener forwards to it."
  value       = aws_lb_target_group.this.arn
  depends_on  = [aws_lb_listener.this]
}
