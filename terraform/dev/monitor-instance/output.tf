output "grafana_url" {
  description = "Where Grafana is reached; with localhost, after port_forward_command."
  value       = local.grafana_url
}

output "auto_scaling_group_name" {
  description = "Auto Scaling group of the monitor host: what an instance refresh names."
  value       = module.host.auto_scaling_group_name
}

output "data_volume_id" {
  description = "Volume with everything that the monitor host must not lose."
  value       = module.data_volume.id
}

output "otlp_endpoint" {
  description = "Where the service sends OTLP over HTTP; over gRPC it is port 4317."
  value       = "http://${module.names.collector_host}:4318"
}

output "influxdb_url" {
  description = "Where load generators write their results."
  value       = "http://${module.names.influxdb_host}:8086"
}

output "port_forward_command" {
  description = "Brings Grafana to http://localhost:3000/ through Session Manager; needs the AWS CLI and its Session Manager plugin."
  value = join(" ", [
    "aws ssm start-session --region ${var.region}",
    "--target \"$(aws ec2 describe-instances --region ${var.region}",
    "--filters Name=tag:Name,Values=${module.names.monitor} Name=instance-state-name,Values=running",
    "--query 'Reservations[0].Instances[0].InstanceId' --output text)\"",
    "--document-name AWS-StartPortForwardingSession",
    "--parameters portNumber=3000,localPortNumber=3000",
  ])
}

output "image_id" {
  description = "Image that the next monitor host is launched from."
  value       = module.host.image_id
}
