# The one door to the service that is open to the world.

resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_28:the firewall is attached by module web-firewall
  # ELB tries to write to the bucket as soon as logs are switched on, which takes the policy.
  depends_on = [module.access_logs]

  name               = var.name
  load_balancer_type = "application"
  internal           = false
  ip_address_type    = "ipv4"
  subnets            = var.subnet_ids
  security_groups    = [aws_security_group.balancer.id]

  enable_deletion_protection = var.deletion_protection
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_http2               = true

  # Below the 75 s for which the service keeps an idle connection: whoever closes first must be the balancer, or a
  # request meets a closed connection and becomes a 502.
  idle_timeout = 60

  access_logs {
    enabled = true
    bucket  = module.access_logs.name
  }

  lifecycle {
    precondition {
      condition     = length(var.name) <= 32
      error_message = "The balancer's name ${var.name} is longer than the 32 characters that ELB allows: choose a shorter environment."
    }
  }
}

resource "aws_lb_target_group" "service" {
  #checkov:skip=CKV_AWS_378:TLS ends at the balancer; behind it traffic stays in the VPC between two security groups
  name        = var.target_group_name
  vpc_id      = var.vpc_id
  target_type = "ip"
  port        = var.service_port
  protocol    = "HTTP"

  # Requests in flight when a task is taken out; the service gives up on one after 5 s.
  deregistration_delay = 20

  health_check {
    path                = "/healthz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}
