resource "aws_security_group" "balancer" {
  name        = var.name
  description = "The public balancer"
  vpc_id      = var.vpc_id

  tags = {
    Name = var.name
  }
}

resource "aws_vpc_security_group_ingress_rule" "world" {
  for_each = var.http_only ? { http = 80 } : { http = 80, https = 443 }

  security_group_id = aws_security_group.balancer.id
  description       = "Users, by ${upper(each.key)}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "service" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Requests and health checks to the service"
  referenced_security_group_id = var.service_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.service_port
  to_port                      = var.service_port
}
