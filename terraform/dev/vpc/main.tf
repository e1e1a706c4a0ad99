module "names" {
  source = "../../modules/names"

  environment = var.environment
}

module "network" {
  source = "../../modules/network"

  name               = module.names.prefix
  cidr               = var.vpc_cidr
  zone_count         = var.zone_count
  availability_zones = var.availability_zones
  private_zone       = module.names.private_zone
}

module "endpoints" {
  source = "../../modules/endpoints"

  name                   = module.names.prefix
  vpc_id                 = module.network.vpc_id
  vpc_cidr_block         = module.network.vpc_cidr_block
  availability_zones     = module.network.availability_zones
  private_subnet_ids     = module.network.private_subnet_ids
  private_route_table_id = module.network.private_route_table_id
  public_route_table_id  = module.network.public_route_table_id
  table_name             = module.names.table
  interface              = var.interface_endpoints
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  vpc_id              = module.network.vpc_id
  log_group           = module.names.flow_log_group
  role                = module.names.roles.flow_logs
  boundary_arn        = data.terraform_remote_state.back.outputs.workload_boundary_arn
  traffic             = var.flow_log_traffic
  retention_days      = var.flow_log_retention_days
  deletion_protection = var.deletion_protection
}
