# A name and an address that stay while the host behind them is replaced.

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:network balancers log TLS connections alone, and these have no TLS
  #checkov:skip=CKV_AWS_152:there is one host in one zone; clients of other zones reach the balancer's address there
  name               = var.name
  load_balancer_type = "network"
  internal           = true
  ip_address_type    = "ipv4"
  # The zone of the host and its volume: in another one there would be nobody to forward to when that zone is away.
  subnets         = [var.subnet_id]
  security_groups = [aws_security_group.this.id]

  enable_deletion_protection = var.deletion_protection

  lifecycle {
    precondition {
      condition     = length(var.name) <= 32
      error_message = "The balancer's name ${var.name} is longer than the 32 characters that ELB allows: choose a shorter environment."
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each = var.endpoints

  name        = "${var.target_group_prefix}-${each.key}"
  vpc_id      = var.vpc_id
  target_type = "instance"
  port        = each.value.port
  protocol    = "TCP"

  # The host sees the balancer's address, so that its answers come back this way whoever asks, itself included.
  preserve_client_ip = "false"

  # Auto Scaling replaces a host only when this is over, and a lost one has nothing to finish.
  deregistration_delay   = "10"
  connection_termination = true

  health_check {
    protocol            = each.value.health_path == null ? "TCP" : "HTTP"
    path                = each.value.health_path
    matcher             = each.value.health_path == null ? null : "200"
    port                = "traffic-port"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = {
    Name = "${var.target_group_prefix}-${each.key}"
  }
}

resource "aws_lb_listener" "this" {
  for_each = var.endpoints

  load_balancer_arn = aws_lb.this.arn
  port              = each.value.port
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }
}

resource "aws_route53_record" "this" {
  for_each = var.records

  zone_id = var.zone_id
  name    = each.value
  type    = "A"

  alias {
    name    = aws_lb.this.dns_name
    zone_id = aws_lb.this.zone_id
    # A name that vanishes with the host would be remembered as missing for long after the host is back.
    evaluate_target_health = false
  }
}
