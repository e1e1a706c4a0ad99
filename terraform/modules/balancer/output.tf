output "arn" {
  description = "ARN of the balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "The balancer as CloudWatch names it."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "The balancer's own name in DNS."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Zone of that name, for alias records."
  value       = aws_lb.this.zone_id
}

output "security_group_id" {
  description = "Security group of the balancer."
  value       = aws_security_group.balancer.id
}

output "target_group_arn" {
  description = "ARN of the service's target group, known once a listener forwards to it: ECS and scaling policies refuse one that none does."
  value       = aws_lb_target_group.service.arn
  depends_on  = [aws_lb_listener.https, aws_lb_listener.http]
}

output "target_group_arn_suffix" {
  description = "The target group as CloudWatch names it, known once a listener forwards to it."
  value       = aws_lb_target_group.service.arn_suffix
  depends_on  = [aws_lb_listener.https, aws_lb_listener.http]
}
