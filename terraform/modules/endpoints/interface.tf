# An address in each subnet for each service, paid by the hour, that the service's name resolves to in the whole VPC: in
# public subnets as well, and in zones that have none of their own.

data "aws_vpc_endpoint_service" "interface" {
  for_each = var.interface

  service      = each.key
  service_type = "Interface"
}

locals {
  zones_of = {
    for service, zones in var.interface :
    service => zones == "every-zone" ? var.availability_zones : slice(var.availability_zones, 0, 1)
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface

  vpc_id              = var.vpc_id
  service_name        = data.aws_vpc_endpoint_service.interface[each.key].service_name
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = slice(var.private_subnet_ids, 0, length(local.zones_of[each.key]))
  security_group_ids  = [aws_security_group.endpoints.id]

  # A region whose endpoint takes no policy would refuse to make one with it.
  policy = data.aws_vpc_endpoint_service.interface[each.key].vpc_endpoint_policy_supported ? data.aws_iam_policy_document.interface[each.key].json : null

  tags = {
    Name = "${var.name}-${each.key}"
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(local.zones_of[each.key], data.aws_vpc_endpoint_service.interface[each.key].availability_zones)) == 0
      error_message = "The service ${each.key} has no endpoints in one of the zones ${join(", ", local.zones_of[each.key])}: name other zones in availability_zones."
    }
  }
}
