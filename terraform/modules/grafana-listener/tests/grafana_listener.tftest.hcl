variables {
  name                     = "marketboro-dev-grafana"
  vpc_id                   = "vpc-00000000000000001"
  certificate_arn          = "arn:aws:acm:ap-northeast-2:123456789012:certificate/00000000-0000-0000-0000-000000000001"
  tls_policy               = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
  target_security_group_id = "sg-0000000000000host"
  allowed_cidrs            = ["203.0.113.0/24", "198.51.100.7/32"]
  alerts_topic_arn         = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"

  load_balancer = {
    arn               = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/marketboro-dev/0000000000000001"
    arn_suffix        = "app/marketboro-dev/0000000000000001"
    security_group_id = "sg-00000000balancer"
  }
}

run "listener" {
  command = plan

  assert {
    condition     = aws_lb_listener.this.protocol == "HTTPS" && aws_lb_listener.this.port == 3000 && startswith(aws_lb_listener.this.ssl_policy, "ELBSecurityPolicy-TLS13-1-2")
    error_message = "Grafana must be served with TLS 1.2 or newer on port 3000."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.people : rule.cidr_ipv4]) == toset(["203.0.113.0/24", "198.51.100.7/32"])
    error_message = "Port 3000 must be open to allowed_cidrs and nobody else."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.people : rule.from_port == 3000 && rule.to_port == 3000])
    error_message = "No other port may be opened."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.host.referenced_security_group_id == "sg-0000000000000host" && aws_vpc_security_group_egress_rule.host.security_group_id == "sg-00000000balancer"
    error_message = "The balancer must be let out to the host."
  }
}

run "long_name" {
  command = plan

  variables {
    name = "marketboro-environment-with-grafana"
  }

  expect_failures = [var.name]
}
