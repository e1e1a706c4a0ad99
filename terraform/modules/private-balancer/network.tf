resource "aws_security_group" "this" {
  name        = "${var.name}-balancer"
  description = "Private balancer of the monitor host"
  vpc_id      = var.vpc_id

  tags = {
    Name = "${var.name}-balancer"
  }
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = var.endpoints

  security_group_id            = aws_security_group.this.id
  description                  = "${each.key} from its clients"
  referenced_security_group_id = each.value.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "target" {
  for_each = var.endpoints

  security_group_id            = aws_security_group.this.id
  description                  = "${each.key} and its health checks to the host"
  referenced_security_group_id = var.target_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# The clients' groups let nothing out by themselves.
resource "aws_vpc_security_group_egress_rule" "client" {
  for_each = var.endpoints

  security_group_id            = each.value.client_security_group_id
  description                  = "${each.key} to the monitor host's balancer"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}
