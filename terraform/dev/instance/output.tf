output "cluster_name" {
  description = "ECS cluster of the service and of load generators."
  value       = module.service.cluster_name
}

output "service_name" {
  description = "ECS service, and the family of its task definition."
  value       = module.service.name
}

output "service_url" {
  description = "Where the service answers."
  value       = "${var.http_only ? "http" : "https"}://${var.http_only && !var.www_record ? module.balancer.dns_name : local.www_name}"
}

output "service_security_group_id" {
  description = "Security group of the service's tasks, which send telemetry."
  value       = module.service.security_group_id
}

output "load_generator_security_group_id" {
  description = "Security group that load generators are started with."
  value       = module.load_generator.security_group_id
}

output "load_generator_subnet_ids" {
  description = "Subnets that load generators are started in, with a public address."
  value       = local.vpc.public_subnet_ids
}

output "load_generator_task_family" {
  description = "Family of the load generators' task definition."
  value       = module.load_generator.task_family
}

output "results_bucket" {
  description = "Bucket of the results of load tests; generators write below runs/."
  value       = module.load_generator.results_bucket
}

output "load_balancer_arn" {
  description = "ARN of the public balancer."
  value       = module.balancer.arn
}

output "load_balancer_arn_suffix" {
  description = "The public balancer as CloudWatch names it."
  value       = module.balancer.arn_suffix
}

output "load_balancer_dns_name" {
  description = "The public balancer's own name in DNS."
  value       = module.balancer.dns_name
}

output "load_balancer_zone_id" {
  description = "Zone of the balancer's own name, for alias records."
  value       = module.balancer.zone_id
}

output "load_balancer_security_group_id" {
  description = "Security group of the public balancer."
  value       = module.balancer.security_group_id
}

output "target_group_arn_suffix" {
  description = "The service's target group as CloudWatch names it."
  value       = module.balancer.target_group_arn_suffix
}

output "certificate_arn" {
  description = "Certificate of the HTTPS listener; null with http_only."
  value       = one(module.certificate[*].arn)
}

output "alerts_topic_arn" {
  description = "SNS topic of the alarms."
  value       = module.alert_topic.arn
}

output "service_log_group" {
  description = "Log group of the service."
  value       = module.service.log_group
}

output "zone_name" {
  description = "Public zone of the service's name; null where there is none."
  value       = var.zone_name
}

output "generator_ip_set" {
  description = "WAF's set of addresses that no rate limit holds for, as the API wants it named: id, name, arn, scope."
  value       = module.firewall.generator_ip_set
}

output "grafana_name" {
  description = "Public name of Grafana besides the service's; null where none was asked for."
  value       = var.grafana_record ? local.grafana_name : null
}
