module "names" {
  source = "../../modules/names"

  environment = var.environment
}
