# What things are called, so that a root can name what another root makes before or after it: roles that come first
# speak of a service that comes later. No resources.

locals {
  prefix = "marketboro-${var.environment}"
}
