output "arn" {
  description = "ARN of the web ACL."
  value       = aws_wafv2_web_acl.this.arn
}

output "generator_ip_set" {
  description = "The set of addresses that load generators are put into, as the API wants it named."
  value = {
    id    = aws_wafv2_ip_set.generators.id
    name  = aws_wafv2_ip_set.generators.name
    arn   = aws_wafv2_ip_set.generators.arn
    scope = aws_wafv2_ip_set.generators.scope
  }
}
