# Telemetry's way to the monitor host is opened by the root that makes the host.

resource "aws_security_group" "this" {
  name        = var.name
  description = "Tasks of the service"
  vpc_id      = var.vpc_id

  tags = {
    Name = var.name
  }
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  security_group_id            = aws_security_group.this.id
  description                  = "Requests and health checks from the balancer"
  referenced_security_group_id = var.load_balancer_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  security_group_id            = aws_security_group.this.id
  description                  = "Images, logs and secrets by the VPC's endpoints"
  referenced_security_group_id = var.endpoints_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "gateways" {
  for_each = {
    "DynamoDB"                       = var.dynamodb_prefix_list_id
    "S3, where layers of images are" = var.s3_prefix_list_id
  }

  security_group_id = aws_security_group.this.id
  description       = each.key
  prefix_list_id    = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
