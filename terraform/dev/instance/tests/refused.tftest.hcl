# Values that cannot work are refused before anything is made.

mock_provider "aws" {
  source = "../../mocks"
}

# A web ACL takes Terraform minutes to mock; its module has a test of its own.
override_module {
  target = module.firewall
  outputs = {
    arn = "arn:aws:wafv2:ap-northeast-2:123456789012:regional/webacl/mock/0"
    generator_ip_set = {
      id    = "0"
      name  = "marketboro-dev-load-generators"
      arn   = "arn:aws:wafv2:ap-northeast-2:123456789012:regional/ipset/marketboro-dev-load-generators/0"
      scope = "REGIONAL"
    }
  }
}

override_data {
  target = data.terraform_remote_state.back
  values = {
    outputs = {
      key_arn               = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000000"
      repository_urls       = { service = "registry.example/service", loadgen = "registry.example/loadgen" }
      repository_arns       = { service = "arn:aws:ecr:ap-northeast-2:123456789012:repository/service", loadgen = "arn:aws:ecr:ap-northeast-2:123456789012:repository/loadgen" }
      workload_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    }
  }
}

override_data {
  target = data.terraform_remote_state.vpc
  values = {
    outputs = {
      vpc_id                      = "vpc-0"
      public_subnet_ids           = ["subnet-public-a", "subnet-public-b"]
      private_subnet_ids          = ["subnet-private-a", "subnet-private-b"]
      endpoints_security_group_id = "sg-endpoints"
      s3_prefix_list_id           = "pl-s3"
      dynamodb_prefix_list_id     = "pl-dynamodb"
    }
  }
}

override_data {
  target = data.terraform_remote_state.storage
  values = {
    outputs = {
      table_name = "marketboro-dev-items"
      table_arn  = "arn:aws:dynamodb:ap-northeast-2:123456789012:table/marketboro-dev-items"
    }
  }
}

run "zone_without_a_dot" {
  command = plan

  variables {
    zone_name = "marketboro"
  }

  expect_failures = [var.zone_name]
}

run "zone_with_a_dot_at_its_end" {
  command = plan

  variables {
    zone_name = "marketboro.click."
  }

  expect_failures = [var.zone_name]
}

run "no_zone_with_https" {
  command = plan

  variables {
    zone_name  = null
    www_record = false
  }

  expect_failures = [var.zone_name]
}

run "record_without_a_zone" {
  command = plan

  variables {
    zone_name = null
    http_only = true
  }

  expect_failures = [var.www_record]
}

run "grafana_record_over_http" {
  command = plan

  variables {
    grafana_record = true
    http_only      = true
  }

  expect_failures = [var.grafana_record]
}

run "old_tls" {
  command = plan

  variables {
    tls_policy = "ELBSecurityPolicy-2016-08"
  }

  expect_failures = [var.tls_policy]
}

run "tls_1_0" {
  command = plan

  variables {
    tls_policy = "ELBSecurityPolicy-TLS13-1-0-2021-06"
  }

  expect_failures = [var.tls_policy]
}

run "tls_without_forward_secrecy" {
  command = plan

  variables {
    tls_policy = "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"
  }

  expect_failures = [var.tls_policy]
}

run "access_logs_for_no_time" {
  command = plan

  variables {
    access_log_days = 0
  }

  expect_failures = [var.access_log_days]
}

run "low_rate_limit" {
  command = plan

  variables {
    rate_limit = 1
  }

  expect_failures = [var.rate_limit]
}

run "everyone_exempt" {
  command = plan

  variables {
    rate_limit_exempt = ["0.0.0.0/0"]
  }

  expect_failures = [var.rate_limit_exempt]
}

run "bad_network" {
  command = plan

  variables {
    rate_limit_exempt = ["203.0.113.300/32"]
  }

  expect_failures = [var.rate_limit_exempt]
}

run "network_of_ipv6" {
  command = plan

  variables {
    rate_limit_exempt = ["2001:db8::/32"]
  }

  expect_failures = [var.rate_limit_exempt]
}

run "unknown_rule" {
  command = plan

  variables {
    counted_rules = ["everything"]
  }

  expect_failures = [var.counted_rules]
}

run "odd_firewall_log" {
  command = plan

  variables {
    firewall_log_days = 31
  }

  expect_failures = [var.firewall_log_days]
}

run "unknown_architecture" {
  command = plan

  variables {
    cpu_architecture = "arm64"
  }

  expect_failures = [var.cpu_architecture]
}

run "unknown_cpu" {
  command = plan

  variables {
    service_cpu = 300
  }

  expect_failures = [var.service_cpu]
}

run "memory_that_cpu_has_not" {
  command = plan

  variables {
    service_cpu    = 256
    service_memory = 4096
  }

  expect_failures = [var.service_memory]
}

run "memory_between_steps" {
  command = plan

  variables {
    service_memory = 1500
  }

  expect_failures = [var.service_memory]
}

run "odd_variable" {
  command = plan

  variables {
    service_environment = { "max-in-flight" = "10" }
  }

  expect_failures = [var.service_environment]
}

run "secret_of_somebody_else" {
  command = plan

  variables {
    service_secrets = { TOKEN = "/marketboro/dev/monitor/grafana-admin-password" }
  }

  expect_failures = [var.service_secrets]
}

run "secret_of_another_environment" {
  command = plan

  variables {
    service_secrets = { TOKEN = "/marketboro/prod/service/token" }
  }

  expect_failures = [var.service_secrets]
}

run "no_task" {
  command = plan

  variables {
    min_count = 0
  }

  expect_failures = [var.min_count]
}

run "more_at_least_than_at_most" {
  command = plan

  variables {
    min_count     = 3
    desired_count = 3
    max_count     = 2
  }

  expect_failures = [var.max_count]
}

run "fewer_than_at_least" {
  command = plan

  variables {
    min_count = 3
  }

  expect_failures = [var.desired_count]
}

run "half_a_task" {
  command = plan

  variables {
    desired_count = 2.5
  }

  expect_failures = [var.desired_count]
}

run "scaling_too_late" {
  command = plan

  variables {
    scale_at_cpu_percent = 100
  }

  expect_failures = [var.scale_at_cpu_percent]
}

run "scaling_at_nothing" {
  command = plan

  variables {
    scale_at_requests_per_minute = 0
  }

  expect_failures = [var.scale_at_requests_per_minute]
}

run "no_container_insights" {
  command = plan

  variables {
    container_insights = "disabled"
  }

  expect_failures = [var.container_insights]
}

run "odd_log" {
  command = plan

  variables {
    log_days = 45
  }

  expect_failures = [var.log_days]
}

run "unknown_generator_cpu" {
  command = plan

  variables {
    load_generator_cpu = 3000
  }

  expect_failures = [var.load_generator_cpu]
}

run "generator_memory_that_cpu_has_not" {
  command = plan

  variables {
    load_generator_memory = 512
  }

  expect_failures = [var.load_generator_memory]
}

run "results_for_no_time" {
  command = plan

  variables {
    results_days = 0
  }

  expect_failures = [var.results_days]
}

run "no_address" {
  command = plan

  variables {
    alert_emails = ["operations"]
  }

  expect_failures = [var.alert_emails]
}

run "all_errors" {
  command = plan

  variables {
    alert_error_percent = 100
  }

  expect_failures = [var.alert_error_percent]
}

run "no_latency" {
  command = plan

  variables {
    alert_latency_seconds = 0
  }

  expect_failures = [var.alert_latency_seconds]
}

run "long_environment" {
  command = plan

  variables {
    environment = "productions"
  }

  expect_failures = [var.environment]
}
