# Grafana's page on the balancer of the service: a port of its own, with the same certificate.

locals {
  grafana_port = 3000
}

resource "aws_lb_target_group" "this" {
  name        = var.name
  vpc_id      = var.vpc_id
  target_type = "instance"
  port        = local.grafana_port
  protocol    = "HTTP"

  # Auto Scaling replaces a host only when this is over, and a lost one has nothing to finish.
  deregistration_delay = "10"

  health_check {
    path                = "/api/health"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  tags = {
    Name = var.name
  }

  # When Grafana is closed again, the group lets go of it first, and then it goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = var.load_balancer.arn
  port              = local.grafana_port
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn
  ssl_policy        = var.tls_policy

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_vpc_security_group_ingress_rule" "people" {
  for_each = var.allowed_cidrs

  security_group_id = var.load_balancer.security_group_id
  description       = "Grafana, for people in allowed_cidrs"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.grafana_port
  to_port           = local.grafana_port
}

resource "aws_vpc_security_group_egress_rule" "host" {
  security_group_id            = var.load_balancer.security_group_id
  description                  = "Grafana on the monitor host"
  referenced_security_group_id = var.target_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.grafana_port
  to_port                      = local.grafana_port
}

resource "aws_cloudwatch_metric_alarm" "unhealthy" {
  alarm_name = var.name
  alarm_description = join(" ", [
    "The monitor host is there and Grafana does not answer for five minutes.",
    "Open a session on the host and run `monitor doctor`: it says what is wrong and what to do.",
  ])

  namespace   = "AWS/ApplicationELB"
  metric_name = "UnHealthyHostCount"
  dimensions = {
    LoadBalancer = var.load_balancer.arn_suffix
    TargetGroup  = aws_lb_target_group.this.arn_suffix
  }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # No host, no figure: the group's own alarm says so.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.alerts_topic_arn]
  ok_actions         = [var.alerts_topic_arn]
}
