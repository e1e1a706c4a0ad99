# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

variables {
  name         = "marketboro-test"
  cidr         = "10.20.0.0/16"
  zone_count   = 2
  private_zone = "test.marketboro.internal"
}

run "private_subnets_have_no_way_out" {
  assert {
    condition     = aws_route.internet.route_table_id == aws_route_table.public.id && aws_route_table.public.id != aws_route_table.private.id
    error_message = "The route to the Internet must be the public table's alone."
  }

  assert {
    condition     = length(aws_route_table.private.route) == 0
    error_message = "The private route table must have no routes of its own."
  }

  assert {
    condition     = alltrue([for one in aws_route_table_association.private : one.route_table_id == aws_route_table.private.id])
    error_message = "Each private subnet must use the private route table."
  }

  assert {
    condition     = toset(aws_route_table_association.private[*].subnet_id) == toset(aws_subnet.private[*].id)
    error_message = "No private subnet may fall back to the VPC's main route table."
  }

  assert {
    condition     = toset(aws_route_table_association.public[*].subnet_id) == toset(aws_subnet.public[*].id)
    error_message = "No public subnet may fall back to the VPC's main route table."
  }
}

run "nothing_is_public_by_default" {
  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.public, aws_subnet.private) : subnet.map_public_ip_on_launch == false])
    error_message = "No subnet may give out public addresses by itself."
  }

  assert {
    condition     = length(aws_default_security_group.empty.ingress) + length(aws_default_security_group.empty.egress) == 0
    error_message = "The default security group must be empty."
  }

  assert {
    condition     = aws_default_security_group.empty.vpc_id == aws_vpc.this.id
    error_message = "The default security group that is emptied must be this VPC's."
  }

  assert {
    condition     = one(aws_route53_zone.private.vpc).vpc_id == aws_vpc.this.id
    error_message = "The DNS zone must be private to the VPC."
  }

  assert {
    condition     = aws_vpc.this.enable_dns_support && aws_vpc.this.enable_dns_hostnames
    error_message = "Private names of endpoints need the VPC's DNS."
  }
}

run "two_zones" {
  assert {
    condition     = aws_subnet.private[*].cidr_block == ["10.20.0.0/20", "10.20.16.0/20"]
    error_message = "Private subnets must be the first blocks."
  }

  assert {
    condition     = aws_subnet.public[*].cidr_block == ["10.20.128.0/20", "10.20.144.0/20"]
    error_message = "Public subnets must be the first blocks of the second half."
  }

  assert {
    condition     = output.availability_zones == tolist(["ap-northeast-2a", "ap-northeast-2b"]) && aws_subnet.public[*].availability_zone == aws_subnet.private[*].availability_zone
    error_message = "Public and private subnets must be in the same zones, in the same order."
  }
}

# What two zones have must not move when a third comes.
run "three_zones" {
  variables {
    zone_count = 3
  }

  assert {
    condition     = aws_subnet.private[*].cidr_block == ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"]
    error_message = "A third zone must not move the private subnets of the others."
  }

  assert {
    condition     = aws_subnet.public[*].cidr_block == ["10.20.128.0/20", "10.20.144.0/20", "10.20.160.0/20"]
    error_message = "A third zone must not move the public subnets of the others."
  }
}

# Blocks of one size overlap only if two begin at the same address.
run "smallest_vpc" {
  variables {
    cidr       = "192.168.16.0/20"
    zone_count = 3
  }

  assert {
    condition     = length(distinct(concat(aws_subnet.private[*].cidr_block, aws_subnet.public[*].cidr_block))) == 6
    error_message = "No two subnets may overlap."
  }

  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.private, aws_subnet.public) : endswith(subnet.cidr_block, "/24")])
    error_message = "All subnets must be of one size: a sixteenth of the VPC."
  }

  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.private, aws_subnet.public) : cidrhost("${split("/", subnet.cidr_block)[0]}/20", 0) == "192.168.16.0"])
    error_message = "All subnets must lie in the VPC."
  }
}

run "zones_by_name" {
  variables {
    availability_zones = ["ap-northeast-2a", "ap-northeast-2c"]
  }

  assert {
    condition     = aws_subnet.private[*].availability_zone == ["ap-northeast-2a", "ap-northeast-2c"]
    error_message = "Zones must be the ones that were named."
  }
}

run "region_with_too_few_zones" {
  command = plan

  variables {
    zone_count = 3
  }

  override_data {
    target = data.aws_availability_zones.here
    values = {
      names = ["us-west-1a", "us-west-1c"]
    }
  }

  expect_failures = [aws_vpc.this]
}

run "four_zones" {
  command = plan

  variables {
    zone_count = 4
  }

  expect_failures = [var.zone_count]
}
