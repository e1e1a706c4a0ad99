output "prefix" {
  description = "What every name begins with."
  value       = local.prefix
}

output "table" {
  description = "DynamoDB table of the items."
  value       = "${local.prefix}-items"
}

output "cluster" {
  description = "ECS cluster."
  value       = local.prefix
}

output "service" {
  description = "ECS service, and the family of its task definition."
  value       = "${local.prefix}-service"
}

output "service_container" {
  description = "The container in the service's task: what a deployment gives a new image."
  value       = "service"
}

output "load_generator" {
  description = "Family of the task definition of the load generators."
  value       = "${local.prefix}-loadgen"
}

output "load_generator_container" {
  description = "The container in the load generator's task."
  value       = "loadgen"
}

output "monitor" {
  description = "Auto Scaling group, launch template, instance and data volume of the monitor host; also the value of its tag Name."
  value       = "${local.prefix}-monitor"
}

output "monitor_image" {
  description = "What the names of the monitor host's machine images begin with, the same in all environments; architecture and time follow."
  value       = "marketboro-monitor"
}

output "service_log_group" {
  description = "Log group of the service."
  value       = "/marketboro/${var.environment}/service"
}

output "load_generator_log_group" {
  description = "Log group of the load generators."
  value       = "/marketboro/${var.environment}/loadgen"
}

output "results_bucket" {
  description = "What the name of the bucket with the results of load tests begins with; the account's number follows."
  value       = "${local.prefix}-load-test-results"
}

output "generator_ip_set" {
  description = "Set of addresses that whoever starts load generators puts theirs into, so that no rate limit holds for them."
  value       = "${local.prefix}-load-generators"
}

output "monitor_parameters" {
  description = "Path in SSM below which the monitor host finds its passwords, with a slash at either end."
  value       = "/marketboro/${var.environment}/monitor/"
}

output "load_generator_influxdb_token" {
  description = "Parameter in SSM with the token that load generators write to InfluxDB with; the monitor host puts it there."
  value       = "/marketboro/${var.environment}/loadgen/influxdb-token"
}

output "private_zone" {
  description = "Private DNS zone of the VPC."
  value       = "${var.environment}.marketboro.internal"
}

output "collector_host" {
  description = "Private DNS name of the OpenTelemetry Collector."
  value       = "otel-collector.${var.environment}.marketboro.internal"
}

output "influxdb_host" {
  description = "Private DNS name of InfluxDB."
  value       = "influxdb.${var.environment}.marketboro.internal"
}

output "roles" {
  description = "IAM roles of what runs, by purpose."
  value = {
    service_task             = "${local.prefix}-service-task"
    service_execution        = "${local.prefix}-service-execution"
    load_generator_task      = "${local.prefix}-loadgen-task"
    load_generator_execution = "${local.prefix}-loadgen-execution"
    monitor_host             = "${local.prefix}-monitor-host"
    snapshots                = "${local.prefix}-snapshots"
    flow_logs                = "${local.prefix}-flow-logs"
  }
}

output "alerts_topic" {
  description = "SNS topic of the alarms."
  value       = "${local.prefix}-alerts"
}
