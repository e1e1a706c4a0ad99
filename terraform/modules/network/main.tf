# A VPC of public subnets, which reach the Internet, and private ones, which reach AWS alone, by its endpoints.

data "aws_availability_zones" "here" {
  #checkov:skip=CKV_AWS_394:the first ones by name are taken, and the name of a new zone comes last
  # Local and Wavelength Zones are not for this.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  first_zones = slice(sort(data.aws_availability_zones.here.names), 0, min(var.zone_count, length(data.aws_availability_zones.here.names)))
  zones       = length(var.availability_zones) > 0 ? var.availability_zones : local.first_zones
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:module flow-logs records it
  cidr_block = var.cidr

  # Both are what private DNS names of endpoints need.
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = {
    Name = var.name
  }

  lifecycle {
    precondition {
      condition     = length(local.zones) == var.zone_count
      error_message = "This region has ${length(local.zones)} availability zones for this account: zone_count must be no more, such as 2."
    }
  }
}

# Whatever is started without a security group of its own gets this one: it reaches nothing and is reached by nothing.
resource "aws_default_security_group" "empty" {
  vpc_id = aws_vpc.this.id

  tags = {
    Name = "${var.name}-default"
  }
}

resource "aws_route53_zone" "private" {
  #checkov:skip=CKV2_AWS_38:a private zone cannot be signed
  #checkov:skip=CKV2_AWS_39:Route 53 logs queries of public zones only
  name    = var.private_zone
  comment = "Names inside ${var.name}"

  vpc {
    vpc_id = aws_vpc.this.id
  }
}
