# The ways from the VPC to AWS that need no Internet. Whatever a role may do, through an endpoint it may do only what
# the endpoint's policy lists, with this account's identities.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.region
  partition = data.aws_partition.current.partition
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints of AWS services"
  vpc_id      = var.vpc_id

  tags = {
    Name = "${var.name}-endpoints"
  }
}

# By address, not by group: who may come is decided by the egress rules of those that come, whose groups later roots
# make, and a group that these rules named could not be destroyed before this one.
resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.vpc_cidr_block
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443

  tags = {
    Name = "https"
  }
}
