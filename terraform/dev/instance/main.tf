locals {
  back    = data.terraform_remote_state.back.outputs
  vpc     = data.terraform_remote_state.vpc.outputs
  storage = data.terraform_remote_state.storage.outputs

  service_port = 8080

  zone_id      = one(data.aws_route53_zone.public[*].zone_id)
  www_name     = var.zone_name == null ? null : "www.${var.zone_name}"
  grafana_name = var.zone_name == null ? null : "grafana.${var.zone_name}"

  # Memory in MiB that Fargate has for CPU units.
  fargate_memory = {
    256   = [512, 1024, 2048]
    512   = range(1024, 4097, 1024)
    1024  = range(2048, 8193, 1024)
    2048  = range(4096, 16385, 1024)
    4096  = range(8192, 30721, 1024)
    8192  = range(16384, 61441, 4096)
    16384 = range(32768, 122881, 8192)
  }

  # Periods that CloudWatch Logs keeps lines for.
  log_days = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ]
}

module "names" {
  source = "../../modules/names"

  environment = var.environment
}

# The zone is never made or deleted here: it outlives every environment.
data "aws_route53_zone" "public" {
  count = var.zone_name == null ? 0 : 1

  name         = var.zone_name
  private_zone = false
}

module "certificate" {
  source = "../../modules/certificate"
  count  = var.http_only ? 0 : 1

  domain_name       = local.www_name
  alternative_names = var.grafana_record ? [local.grafana_name] : []
  zone_id           = local.zone_id
}

module "balancer" {
  source = "../../modules/balancer"

  name                      = "${module.names.prefix}-public"
  target_group_name         = module.names.service
  vpc_id                    = local.vpc.vpc_id
  subnet_ids                = local.vpc.public_subnet_ids
  service_port              = local.service_port
  service_security_group_id = module.service.security_group_id
  http_only                 = var.http_only
  certificate_arn           = one(module.certificate[*].arn)
  tls_policy                = var.tls_policy
  zone_id                   = local.zone_id
  records                   = concat(var.www_record ? [local.www_name] : [], var.grafana_record ? [local.grafana_name] : [])
  access_log_bucket         = "${module.names.prefix}-access-logs"
  access_log_days           = var.access_log_days
  deletion_protection       = var.deletion_protection
}

module "firewall" {
  source = "../../modules/web-firewall"

  name              = module.names.prefix
  load_balancer_arn = module.balancer.arn
  rate_limit        = var.rate_limit
  exempt_addresses  = var.rate_limit_exempt
  generator_ip_set  = module.names.generator_ip_set
  counted_rules     = var.counted_rules
  log_days          = var.firewall_log_days
}

module "service" {
  source = "../../modules/web-service"

  cluster_name       = module.names.cluster
  container_insights = var.container_insights
  name               = module.names.service
  container_name     = module.names.service_container
  # There is no such image: the first deployment brings one, and ECS gives up on this until then.
  image            = "${local.back.repository_urls.service}:unreleased"
  repository_arn   = local.back.repository_arns.service
  cpu_architecture = var.cpu_architecture
  cpu              = var.service_cpu
  memory           = var.service_memory
  port             = local.service_port
  secrets          = var.service_secrets
  key_arn          = local.back.key_arn

  environment = merge(var.service_environment, {
    STORE                       = "dynamodb"
    TABLE_NAME                  = local.storage.table_name
    OTEL_EXPORTER_OTLP_ENDPOINT = "http://${module.names.collector_host}:4318"
    OTEL_METRIC_EXPORT_INTERVAL = "15000"
    OTEL_RESOURCE_ATTRIBUTES    = "deployment.environment.name=${var.environment}"
  })

  desired_count                = var.desired_count
  min_count                    = var.min_count
  max_count                    = var.max_count
  scale_at_cpu_percent         = var.scale_at_cpu_percent
  scale_at_requests_per_minute = var.scale_at_requests_per_minute

  vpc_id                          = local.vpc.vpc_id
  subnet_ids                      = local.vpc.private_subnet_ids
  endpoints_security_group_id     = local.vpc.endpoints_security_group_id
  s3_prefix_list_id               = local.vpc.s3_prefix_list_id
  dynamodb_prefix_list_id         = local.vpc.dynamodb_prefix_list_id
  load_balancer_security_group_id = module.balancer.security_group_id
  load_balancer_arn_suffix        = module.balancer.arn_suffix
  target_group_arn                = module.balancer.target_group_arn
  target_group_arn_suffix         = module.balancer.target_group_arn_suffix

  table_arn    = local.storage.table_arn
  log_group    = module.names.service_log_group
  log_days     = var.log_days
  roles        = module.names.roles
  boundary_arn = local.back.workload_boundary_arn
}

module "load_generator" {
  source = "../../modules/load-generator"

  family                   = module.names.load_generator
  container_name           = module.names.load_generator_container
  image                    = "${local.back.repository_urls.loadgen}:unreleased"
  repository_arn           = local.back.repository_arns.loadgen
  cpu_architecture         = var.cpu_architecture
  cpu                      = var.load_generator_cpu
  memory                   = var.load_generator_memory
  vpc_id                   = local.vpc.vpc_id
  influxdb_host            = module.names.influxdb_host
  influxdb_token_parameter = module.names.load_generator_influxdb_token
  key_arn                  = local.back.key_arn
  results_bucket           = module.names.results_bucket
  results_days             = var.results_days
  log_group                = module.names.load_generator_log_group
  log_days                 = var.log_days
  roles                    = module.names.roles
  boundary_arn             = local.back.workload_boundary_arn
  deletion_protection      = var.deletion_protection
}

module "alert_topic" {
  source = "../../modules/alert-topic"

  name    = module.names.alerts_topic
  key_arn = local.back.key_arn
  emails  = var.alert_emails
}

module "alarms" {
  source = "../../modules/alarms"

  prefix                   = module.names.prefix
  topic_arn                = module.alert_topic.arn
  load_balancer_arn_suffix = module.balancer.arn_suffix
  target_group_arn_suffix  = module.balancer.target_group_arn_suffix
  cluster_name             = module.service.cluster_name
  service_name             = module.service.name
  table_name               = local.storage.table_name
  error_percent            = var.alert_error_percent
  latency_seconds          = var.alert_latency_seconds
}
