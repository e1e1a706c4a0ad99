module "names" {
  source = "../../modules/names"

  environment = var.environment
}

locals {
  back     = data.terraform_remote_state.back.outputs
  vpc      = data.terraform_remote_state.vpc.outputs
  storage  = data.terraform_remote_state.storage.outputs
  instance = data.terraform_remote_state.instance.outputs

  # The volume is in one zone, and whatever uses it too.
  availability_zone = local.vpc.availability_zones[0]
  subnet_id         = local.vpc.private_subnet_ids[0]

  # Outputs that are null are not in a state at all.
  certificate_arn = try(local.instance.certificate_arn, null)
  grafana_name    = try(local.instance.grafana_name, null)

  # Without a certificate passwords would cross the internet in the clear, and with nobody allowed there is nobody to
  # listen for: then Grafana is reached through Session Manager alone.
  grafana_published = local.certificate_arn != null && length(var.allowed_cidrs) > 0

  grafana_url = (
    !local.grafana_published ? "http://localhost:3000/" :
    local.grafana_name != null ? "https://${local.grafana_name}:3000/" :
    "${trimsuffix(local.instance.service_url, "/")}:3000/"
  )

  endpoints = {
    "otlp-grpc" = {
      port                     = 4317
      client_security_group_id = local.instance.service_security_group_id
    }
    "otlp-http" = {
      port                     = 4318
      client_security_group_id = local.instance.service_security_group_id
    }
    "influxdb" = {
      port                     = 8086
      client_security_group_id = local.instance.load_generator_security_group_id
      health_path              = "/health"
    }
  }

  private_clients = {
    for name, endpoint in local.endpoints : name => {
      port              = endpoint.port
      security_group_id = module.balancer.security_group_id
    }
  }
  grafana_clients = !local.grafana_published ? {} : {
    grafana = {
      port              = 3000
      security_group_id = local.instance.load_balancer_security_group_id
    }
  }
}

module "data_volume" {
  source = "../../modules/data-volume"

  name                = module.names.monitor
  availability_zone   = local.availability_zone
  size_gib            = var.data_volume_gib
  iops                = var.data_volume_iops
  throughput          = var.data_volume_throughput
  snapshot_id         = var.data_volume_snapshot_id
  snapshot_count      = var.snapshot_count
  snapshot_time       = var.snapshot_time
  snapshot_role       = module.names.roles.snapshots
  boundary_arn        = local.back.workload_boundary_arn
  alerts_topic_arn    = local.instance.alerts_topic_arn
  deletion_protection = var.deletion_protection
}

module "balancer" {
  source = "../../modules/private-balancer"

  name                     = module.names.monitor
  target_group_prefix      = module.names.prefix
  vpc_id                   = local.vpc.vpc_id
  subnet_id                = local.subnet_id
  target_security_group_id = module.host.security_group_id
  endpoints                = local.endpoints
  zone_id                  = local.vpc.private_zone_id
  records                  = [module.names.collector_host, module.names.influxdb_host]
  alerts_topic_arn         = local.instance.alerts_topic_arn
  deletion_protection      = var.deletion_protection
}

module "grafana" {
  count  = local.grafana_published ? 1 : 0
  source = "../../modules/grafana-listener"

  name                     = "${module.names.prefix}-grafana"
  vpc_id                   = local.vpc.vpc_id
  certificate_arn          = local.certificate_arn
  tls_policy               = var.tls_policy
  target_security_group_id = module.host.security_group_id
  allowed_cidrs            = var.allowed_cidrs
  alerts_topic_arn         = local.instance.alerts_topic_arn

  load_balancer = {
    arn               = local.instance.load_balancer_arn
    arn_suffix        = local.instance.load_balancer_arn_suffix
    security_group_id = local.instance.load_balancer_security_group_id
  }
}

module "host" {
  source = "../../modules/monitor-host"

  name            = module.names.monitor
  role_name       = module.names.roles.monitor_host
  boundary_arn    = local.back.workload_boundary_arn
  architecture    = var.architecture
  instance_type   = var.instance_type
  image_prefix    = module.names.monitor_image
  image_id        = var.image_id
  root_volume_gib = var.root_volume_gib
  data_volume_tag = module.data_volume.tag

  vpc_id                      = local.vpc.vpc_id
  subnet_id                   = local.subnet_id
  clients                     = merge(local.private_clients, local.grafana_clients)
  target_group_arns           = concat(module.balancer.target_group_arns, module.grafana[*].target_group_arn)
  endpoints_security_group_id = local.vpc.endpoints_security_group_id
  s3_prefix_list_id           = local.vpc.s3_prefix_list_id

  key_arn                        = local.back.key_arn
  parameter_path                 = module.names.monitor_parameters
  load_generator_token_parameter = module.names.load_generator_influxdb_token
  backup_bucket                  = local.storage.backup_bucket
  backup_bucket_arn              = local.storage.backup_bucket_arn
  backup_public_key              = var.backup_public_key
  grafana_url                    = local.grafana_url
  alerts_topic_arn               = local.instance.alerts_topic_arn

  log_groups = [
    "/marketboro/${var.environment}/*",
    "/aws/ecs/containerinsights/${module.names.cluster}/*",
  ]

  tags = {
    Project     = "marketboro"
    Environment = var.environment
    Root        = "monitor-instance"
    ManagedBy   = "terraform"
  }
}
