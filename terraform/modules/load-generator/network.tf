# The way to InfluxDB is opened by the root that makes the monitor host.

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:attached to tasks when they are started
  name        = var.family
  description = "Load generators"
  vpc_id      = var.vpc_id

  tags = {
    Name = var.family
  }
}

# A generator meets the balancer as users do, by its public addresses. Images, S3 and SSM are behind 443 as well.
resource "aws_vpc_security_group_egress_rule" "world" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.this.id
  description       = "Whatever is under load, by ${upper(each.key)}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}
