mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                      = "marketboro-dev-public"
  target_group_name         = "marketboro-dev-service"
  vpc_id                    = "vpc-0"
  subnet_ids                = ["subnet-public-a", "subnet-public-b"]
  service_port              = 8080
  service_security_group_id = "sg-service"
  http_only                 = false
  certificate_arn           = "arn:aws:acm:ap-northeast-2:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  tls_policy                = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
  zone_id                   = "Z0"
  records                   = ["www.marketboro.click"]
  access_log_bucket         = "marketboro-dev-access-logs"
  access_log_days           = 90
  deletion_protection       = true
}

run "https" {
  assert {
    condition     = aws_lb_listener.https[0].port == 443 && aws_lb_listener.https[0].protocol == "HTTPS" && aws_lb_listener.https[0].ssl_policy == var.tls_policy && aws_lb_listener.https[0].certificate_arn == var.certificate_arn
    error_message = "Port 443 must speak TLS with the certificate and the policy."
  }

  assert {
    condition     = aws_lb_listener.https[0].default_action[0].target_group_arn == aws_lb_target_group.service.arn
    error_message = "HTTPS must be answered by the service."
  }

  assert {
    condition     = aws_lb_listener.http.port == 80 && aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].target_group_arn == null
    error_message = "HTTP must not reach the service."
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.http.default_action[0].redirect[0].port == "443" && aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301"
    error_message = "HTTP must redirect to HTTPS for good."
  }

  assert {
    condition     = { for name, rule in aws_vpc_security_group_ingress_rule.world : name => "${rule.from_port}-${rule.to_port} ${rule.ip_protocol}" } == { http = "80-80 tcp", https = "443-443 tcp" }
    error_message = "Nothing but ports 80 and 443 may be open to the world."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.service.referenced_security_group_id == "sg-service" && aws_vpc_security_group_egress_rule.service.from_port == 8080 && aws_vpc_security_group_egress_rule.service.to_port == 8080 && aws_vpc_security_group_egress_rule.service.cidr_ipv4 == null
    error_message = "The balancer may send to the service's port alone."
  }

  assert {
    condition     = aws_lb.this.enable_deletion_protection && aws_lb.this.drop_invalid_header_fields && aws_lb.this.desync_mitigation_mode == "defensive" && aws_lb.this.internal == false
    error_message = "The balancer must be protected, and drop what no client should send."
  }

  assert {
    condition     = aws_lb.this.idle_timeout < 75
    error_message = "The balancer must close idle connections before the service does."
  }

  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.access_logs[0].bucket == module.access_logs.name
    error_message = "Access must be logged, into the bucket that ELB may write to."
  }

  assert {
    condition = (
      length(data.aws_iam_policy_document.access_logs.statement) == 1 &&
      one(data.aws_iam_policy_document.access_logs.statement[0].actions) == "s3:PutObject" &&
      one(one(data.aws_iam_policy_document.access_logs.statement[0].principals).identifiers) == "logdelivery.elasticloadbalancing.amazonaws.com" &&
      endswith(one(data.aws_iam_policy_document.access_logs.statement[0].resources), "/AWSLogs/123456789012/*")
    )
    error_message = "ELB alone may write logs, and those of this account alone."
  }

  assert {
    condition     = aws_lb_target_group.service.health_check[0].path == "/healthz" && aws_lb_target_group.service.target_type == "ip" && aws_lb_target_group.service.port == 8080
    error_message = "The balancer must ask tasks for /healthz."
  }

  assert {
    condition     = tonumber(aws_lb_target_group.service.deregistration_delay) >= 10
    error_message = "A task must be left the time that a request may take, and as much again."
  }

  assert {
    condition     = keys(aws_route53_record.this) == ["www.marketboro.click"] && aws_route53_record.this["www.marketboro.click"].type == "A"
    error_message = "The records asked for must exist, and no others."
  }
}

run "http_only" {
  variables {
    http_only       = true
    certificate_arn = null
    records         = []
    zone_id         = null
  }

  assert {
    condition     = length(aws_lb_listener.https) == 0 && keys(aws_vpc_security_group_ingress_rule.world) == ["http"]
    error_message = "With http_only port 443 must be closed."
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "forward" && aws_lb_listener.http.default_action[0].target_group_arn == aws_lb_target_group.service.arn && length(aws_lb_listener.http.default_action[0].redirect) == 0
    error_message = "With http_only port 80 must be answered by the service."
  }

  assert {
    condition     = length(aws_route53_record.this) == 0
    error_message = "No record was asked for."
  }
}

run "unprotected" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_lb.this.enable_deletion_protection == false
    error_message = "Without deletion_protection the balancer must let itself be destroyed."
  }
}

run "one_zone" {
  command = plan

  variables {
    subnet_ids = ["subnet-public-a"]
  }

  expect_failures = [var.subnet_ids]
}

run "long_name" {
  command = plan

  variables {
    name = "marketboro-environment-with-a-long-name"
  }

  expect_failures = [aws_lb.this]
}
