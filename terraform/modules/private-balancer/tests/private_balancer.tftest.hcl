variables {
  name                     = "marketboro-dev-monitor"
  target_group_prefix      = "marketboro-dev"
  vpc_id                   = "vpc-00000000000000001"
  subnet_id                = "subnet-00000000000000001"
  target_security_group_id = "sg-0000000000000host"
  zone_id                  = "Z0000000000000000001"
  records                  = ["otel-collector.dev.marketboro.internal", "influxdb.dev.marketboro.internal"]
  alerts_topic_arn         = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"

  endpoints = {
    "otlp-http" = { port = 4318, client_security_group_id = "sg-00000000000service" }
    "influxdb"  = { port = 8086, client_security_group_id = "sg-0000000000loadgen", health_path = "/health" }
  }
}

run "private" {
  command = plan

  assert {
    condition     = aws_lb.this.internal && aws_lb.this.load_balancer_type == "network" && aws_lb.this.subnets == toset(["subnet-00000000000000001"])
    error_message = "The balancer must be private, and in the host's subnet alone."
  }

  assert {
    condition     = aws_lb.this.enable_deletion_protection
    error_message = "The balancer must be protected against deletion."
  }

  assert {
    condition = alltrue([
      for rule in concat(values(aws_vpc_security_group_ingress_rule.client), values(aws_vpc_security_group_egress_rule.target)) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.from_port == rule.to_port
    ])
    error_message = "Ports must be open to security groups, never to networks."
  }

  assert {
    condition = {
      for name, rule in aws_vpc_security_group_ingress_rule.client : rule.from_port => rule.referenced_security_group_id
      } == {
      4318 = "sg-00000000000service"
      8086 = "sg-0000000000loadgen"
    }
    error_message = "OTLP must be open to the service alone, InfluxDB to load generators alone."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.target : rule.referenced_security_group_id == "sg-0000000000000host"])
    error_message = "The balancer must reach nothing but the host."
  }

  assert {
    condition     = { for name, rule in aws_vpc_security_group_egress_rule.client : rule.security_group_id => rule.from_port } == { "sg-00000000000service" = 4318, "sg-0000000000loadgen" = 8086 }
    error_message = "Clients must be let out to their port of the balancer."
  }
}

run "health" {
  command = plan

  assert {
    condition     = aws_lb_target_group.this["influxdb"].health_check[0].protocol == "HTTP" && aws_lb_target_group.this["influxdb"].health_check[0].matcher == "200"
    error_message = "InfluxDB has a page that says whether it is well."
  }

  assert {
    condition     = aws_lb_target_group.this["otlp-http"].health_check[0].protocol == "TCP"
    error_message = "The collector's ports have no such page."
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : length(group.name) <= 32 && tonumber(group.deregistration_delay) <= 30])
    error_message = "Names have 32 characters at most, and a replacement must not wait for draining."
  }

  assert {
    condition     = alltrue([for record in aws_route53_record.this : !record.alias[0].evaluate_target_health])
    error_message = "Names must stay while the host is replaced."
  }
}

run "endpoint_with_a_long_name" {
  command = plan

  variables {
    endpoints = {
      "open-telemetry" = { port = 4318, client_security_group_id = "sg-00000000000service" }
    }
  }

  expect_failures = [var.endpoints]
}

run "balancer_with_a_long_name" {
  command = plan

  variables {
    name = "marketboro-environment-monitor-host"
  }

  expect_failures = [aws_lb.this]
}
