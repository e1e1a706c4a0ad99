variables {
  allowed_cidrs = ["203.0.113.0/24"]
}

override_data {
  target = data.terraform_remote_state.back
  values = {
    outputs = {
      key_arn               = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000001"
      workload_boundary_arn = "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
    }
  }
}

override_data {
  target = data.terraform_remote_state.vpc
  values = {
    outputs = {
      vpc_id                      = "vpc-00000000000000001"
      availability_zones          = ["ap-northeast-2a", "ap-northeast-2b"]
      private_subnet_ids          = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
      endpoints_security_group_id = "sg-0000000endpoints"
      s3_prefix_list_id           = "pl-00000001"
      private_zone_id             = "Z0000000000000000001"
    }
  }
}

override_data {
  target = data.terraform_remote_state.storage
  values = {
    outputs = {
      backup_bucket     = "marketboro-dev-monitor-backups-123456789012"
      backup_bucket_arn = "arn:aws:s3:::marketboro-dev-monitor-backups-123456789012"
    }
  }
}

override_data {
  target = data.terraform_remote_state.instance
  values = {
    outputs = {
      service_url                      = "https://www.example.com"
      service_security_group_id        = "sg-00000000000service"
      load_generator_security_group_id = "sg-0000000000loadgen"
      load_balancer_arn                = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/marketboro-dev/0000000000000001"
      load_balancer_arn_suffix         = "app/marketboro-dev/0000000000000001"
      load_balancer_security_group_id  = "sg-000000000000alb"
      certificate_arn                  = "arn:aws:acm:ap-northeast-2:123456789012:certificate/00000000-0000-0000-0000-000000000001"
      alerts_topic_arn                 = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"
    }
  }
}

run "published" {
  command = plan

  assert {
    condition     = output.grafana_url == "https://www.example.com:3000/" && length(module.grafana) == 1
    error_message = "With a certificate Grafana must be at port 3000 of the service's balancer."
  }

  assert {
    condition     = output.otlp_endpoint == "http://otel-collector.dev.marketboro.internal:4318" && output.influxdb_url == "http://influxdb.dev.marketboro.internal:8086"
    error_message = "Collector and InfluxDB must have their private names."
  }

  assert {
    condition = toset([for name in keys(module.host.environment) : name if name != upper(name)]) == toset([]) && !anytrue([
      for name in keys(module.host.environment) : can(regex("PASSWORD|SECRET_KEY|TOKEN$", name))
    ])
    error_message = "monitor.env must hold no secret."
  }

  assert {
    condition     = strcontains(output.port_forward_command, "Name=tag:Name,Values=marketboro-dev-monitor") && strcontains(output.port_forward_command, "AWS-StartPortForwardingSession")
    error_message = "The host must be found by its tag, since its ID changes."
  }
}

run "with_a_record" {
  command = plan

  override_data {
    target = data.terraform_remote_state.instance
    values = {
      outputs = {
        service_url                      = "https://www.example.com"
        service_security_group_id        = "sg-00000000000service"
        load_generator_security_group_id = "sg-0000000000loadgen"
        load_balancer_arn                = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/marketboro-dev/0000000000000001"
        load_balancer_arn_suffix         = "app/marketboro-dev/0000000000000001"
        load_balancer_security_group_id  = "sg-000000000000alb"
        certificate_arn                  = "arn:aws:acm:ap-northeast-2:123456789012:certificate/00000000-0000-0000-0000-000000000001"
        grafana_name                     = "grafana.example.com"
        alerts_topic_arn                 = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"
      }
    }
  }

  assert {
    condition     = output.grafana_url == "https://grafana.example.com:3000/" && module.host.environment.GRAFANA_ROOT_URL == output.grafana_url
    error_message = "Grafana must be at the name that was asked for, and know it."
  }
}

run "http_only" {
  command = plan

  # An output that is null is not in the state.
  override_data {
    target = data.terraform_remote_state.instance
    values = {
      outputs = {
        service_url                      = "http://marketboro-dev-1.ap-northeast-2.elb.amazonaws.com"
        service_security_group_id        = "sg-00000000000service"
        load_generator_security_group_id = "sg-0000000000loadgen"
        load_balancer_arn                = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/marketboro-dev/0000000000000001"
        load_balancer_arn_suffix         = "app/marketboro-dev/0000000000000001"
        load_balancer_security_group_id  = "sg-000000000000alb"
        alerts_topic_arn                 = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"
      }
    }
  }

  assert {
    condition     = length(module.grafana) == 0 && output.grafana_url == "http://localhost:3000/"
    error_message = "Without a certificate Grafana must not be on the balancer."
  }

  assert {
    condition     = module.host.environment.GRAFANA_BIND == "127.0.0.1"
    error_message = "Without a listener Grafana must be reached on the host itself alone."
  }
}

run "nobody_allowed" {
  command = plan

  variables {
    allowed_cidrs = []
  }

  assert {
    condition     = length(module.grafana) == 0 && output.grafana_url == "http://localhost:3000/"
    error_message = "With nobody allowed there must be no listener."
  }
}

run "on_x86" {
  command = plan

  variables {
    architecture  = "x86_64"
    instance_type = "m7i-flex.large"
  }
}

# What is refused.

run "grafana_for_the_world" {
  command = plan

  variables {
    allowed_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "grafana_for_the_world_of_ipv6" {
  command = plan

  variables {
    allowed_cidrs = ["::/0"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "grafana_for_half_of_the_world" {
  command = plan

  variables {
    allowed_cidrs = ["203.0.113.0/24", "128.0.0.0/1"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "grafana_for_a_provider" {
  command = plan

  variables {
    allowed_cidrs = ["203.0.0.0/15"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "network_that_is_none" {
  command = plan

  variables {
    allowed_cidrs = ["203.0.113.300/32"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "network_without_length" {
  command = plan

  variables {
    allowed_cidrs = ["203.0.113.7"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "network_by_another_address" {
  command = plan

  variables {
    allowed_cidrs = ["203.0.113.7/24"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "more_networks_than_rules" {
  command = plan

  variables {
    allowed_cidrs = [for number in range(41) : "203.0.113.${number}/32"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "unknown_architecture" {
  command = plan

  variables {
    architecture = "riscv64"
  }

  expect_failures = [var.architecture]
}

run "unknown_size" {
  command = plan

  variables {
    instance_type = "t4g.gigantic"
  }

  expect_failures = [var.instance_type]
}

run "size_too_small" {
  command = plan

  variables {
    instance_type = "t4g.medium"
  }

  expect_failures = [var.instance_type]
}

run "family_not_for_this" {
  command = plan

  variables {
    instance_type = "g5.xlarge"
  }

  expect_failures = [var.instance_type]
}

run "instance_type_of_another_architecture" {
  command = plan

  variables {
    instance_type = "t3.large"
  }

  expect_failures = [var.instance_type]
}

run "image_by_name" {
  command = plan

  variables {
    image_id = "marketboro-monitor-arm64-1"
  }

  expect_failures = [var.image_id]
}

run "root_volume_too_small" {
  command = plan

  variables {
    root_volume_gib = 8
  }

  expect_failures = [var.root_volume_gib]
}

run "data_volume_too_small" {
  command = plan

  variables {
    data_volume_gib = 1
  }

  expect_failures = [var.data_volume_gib]
}

run "data_volume_in_pieces" {
  command = plan

  variables {
    data_volume_gib = 50.5
  }

  expect_failures = [var.data_volume_gib]
}

run "too_few_operations" {
  command = plan

  variables {
    data_volume_iops = 100
  }

  expect_failures = [var.data_volume_iops]
}

run "too_slow" {
  command = plan

  variables {
    data_volume_throughput = 1
  }

  expect_failures = [var.data_volume_throughput]
}

run "throughput_without_operations" {
  command = plan

  variables {
    data_volume_throughput = 1000
  }

  expect_failures = [var.data_volume_throughput]
}

run "volume_for_a_snapshot" {
  command = plan

  variables {
    data_volume_snapshot_id = "vol-0123456789abcdef0"
  }

  expect_failures = [var.data_volume_snapshot_id]
}

run "no_snapshots" {
  command = plan

  variables {
    snapshot_count = 0
  }

  expect_failures = [var.snapshot_count]
}

run "no_time_of_day" {
  command = plan

  variables {
    snapshot_time = "25:00"
  }

  expect_failures = [var.snapshot_time]
}

run "old_tls" {
  command = plan

  variables {
    tls_policy = "ELBSecurityPolicy-2016-08"
  }

  expect_failures = [var.tls_policy]
}

run "private_key_for_the_public_one" {
  command = plan

  variables {
    backup_public_key = "AGE-SECRET-KEY-1QQQQ"
  }

  expect_failures = [var.backup_public_key]
}

run "environment_too_long" {
  command = plan

  variables {
    environment = "development"
  }

  expect_failures = [var.environment]
}

run "region_that_is_none" {
  command = plan

  variables {
    region = "seoul"
  }

  expect_failures = [var.region]
}

run "bucket_that_is_none" {
  command = plan

  variables {
    state_bucket = "State_Bucket"
  }

  expect_failures = [var.state_bucket]
}

run "operations_for_a_larger_volume" {
  command = plan

  variables {
    data_volume_gib  = 10
    data_volume_iops = 16000
  }

  expect_failures = [var.data_volume_iops]
}
