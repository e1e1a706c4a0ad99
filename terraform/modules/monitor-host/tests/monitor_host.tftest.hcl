variables {
  name            = "marketboro-dev-monitor"
  role_name       = "marketboro-dev-monitor-host"
  boundary_arn    = "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
  tags            = { Project = "marketboro", Environment = "dev" }
  architecture    = "arm64"
  instance_type   = "t4g.large"
  image_prefix    = "marketboro-monitor"
  root_volume_gib = 20
  data_volume_tag = { key = "MonitorData", value = "marketboro-dev-monitor" }

  vpc_id                      = "vpc-00000000000000001"
  subnet_id                   = "subnet-00000000000000001"
  endpoints_security_group_id = "sg-0000000endpoints"
  s3_prefix_list_id           = "pl-00000001"
  target_group_arns           = ["arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/a/0000000000000001"]

  clients = {
    "otlp-http" = { port = 4318, security_group_id = "sg-00000000balancer" }
    "influxdb"  = { port = 8086, security_group_id = "sg-00000000balancer" }
    "grafana"   = { port = 3000, security_group_id = "sg-000000000000alb" }
  }

  key_arn                        = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000001"
  parameter_path                 = "/marketboro/dev/monitor/"
  load_generator_token_parameter = "/marketboro/dev/loadgen/influxdb-token"
  backup_bucket                  = "marketboro-dev-monitor-backups-123456789012"
  backup_bucket_arn              = "arn:aws:s3:::marketboro-dev-monitor-backups-123456789012"
  log_groups                     = ["/marketboro/dev/*"]
  grafana_url                    = "https://grafana.example.com:3000/"
  alerts_topic_arn               = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"
}

run "instance" {
  command = plan

  assert {
    condition = (
      aws_launch_template.this.metadata_options[0].http_tokens == "required" &&
      aws_launch_template.this.metadata_options[0].http_endpoint == "enabled" &&
      aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 2
    )
    error_message = "Metadata must be had with IMDSv2 alone, from the host and its containers."
  }

  assert {
    condition     = aws_launch_template.this.key_name == null
    error_message = "There must be no key pair."
  }

  assert {
    condition     = aws_launch_template.this.network_interfaces[0].associate_public_ip_address == "false"
    error_message = "The host must have no public address."
  }

  assert {
    condition     = alltrue([for disk in aws_launch_template.this.block_device_mappings : disk.ebs[0].encrypted == "true"])
    error_message = "Disks must be encrypted."
  }

  assert {
    condition     = aws_launch_template.this.maintenance_options[0].auto_recovery == "default"
    error_message = "EC2 must recover the host where it can."
  }

  assert {
    condition = !anytrue([
      for specification in aws_launch_template.this.tag_specifications : contains(keys(specification.tags), "MonitorData")
    ])
    error_message = "The root disk must not be taken for the data volume."
  }
}

run "group" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_group.this.min_size == 1 && aws_autoscaling_group.this.max_size == 1 &&
      aws_autoscaling_group.this.vpc_zone_identifier == toset(["subnet-00000000000000001"])
    )
    error_message = "There must be one host, in the volume's zone."
  }

  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "EC2" && length(aws_autoscaling_group.this.instance_refresh) == 0
    error_message = "Neither a balancer's check nor an apply may replace the host."
  }

  assert {
    condition = (
      aws_autoscaling_group.this.instance_maintenance_policy[0].min_healthy_percentage == 0 &&
      aws_autoscaling_group.this.instance_maintenance_policy[0].max_healthy_percentage == 100
    )
    error_message = "The old host must be gone before the new one comes: the volume can be at one only."
  }

  assert {
    condition     = length(aws_autoscaling_group.this.suspended_processes == null ? [] : aws_autoscaling_group.this.suspended_processes) == 0
    error_message = "Nothing may be suspended: a lost host must be replaced."
  }
}

run "network" {
  command = plan

  assert {
    condition = {
      for name, rule in aws_vpc_security_group_ingress_rule.client : rule.from_port => rule.referenced_security_group_id
      } == {
      3000 = "sg-000000000000alb"
      4318 = "sg-00000000balancer"
      8086 = "sg-00000000balancer"
    }
    error_message = "Ports must be open to the security groups of the balancers alone."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.client : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null])
    error_message = "No port may be open to a network."
  }

  assert {
    condition = (
      aws_vpc_security_group_egress_rule.endpoints.referenced_security_group_id == "sg-0000000endpoints" &&
      aws_vpc_security_group_egress_rule.s3.prefix_list_id == "pl-00000001"
    )
    error_message = "The host must reach AWS's endpoints and S3, and nothing else."
  }
}

run "policy" {
  command = plan

  assert {
    condition = !anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.host.json).Statement :
      anytrue([for action in flatten([statement.Action]) : strcontains(action, "*")])
    ])
    error_message = "Actions must be named one by one."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.host.json).Statement : statement.Sid
      if contains(flatten([statement.Resource]), "*")
    ])) == toset(["FindVolume", "GrafanaLogQueries", "GrafanaMetrics", "SessionManager"])
    error_message = "Every other statement must name its resources."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.host.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "ssm:PutParameter")
    ]) == ["arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/loadgen/influxdb-token"]
    error_message = "The host may write one parameter and no other."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.host.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "ssm:GetParameters")
      ])) == toset([
      "arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/monitor/*",
      "arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/loadgen/influxdb-token",
    ])
    error_message = "The host may read its own parameters and no others."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.host.json).Statement : contains(keys(statement), "Condition")
      if anytrue([for action in flatten([statement.Action]) : startswith(action, "kms:") || endswith(action, "tachVolume")])
    ])
    error_message = "The key must serve one service each, and volumes and instances must be known by their tags."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.host.json).Statement :
      alltrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::marketboro-dev-monitor-backups-123456789012")])
      if anytrue([for action in flatten([statement.Action]) : startswith(action, "s3:")])
    ])
    error_message = "The host may reach the bucket of its backups and no other."
  }

  assert {
    # Room for what is measured without white space: 10,240 characters.
    condition     = length(jsonencode(jsondecode(data.aws_iam_policy_document.host.json))) < 9000
    error_message = "The policy must fit into a role."
  }
}

run "environment" {
  command = plan

  assert {
    condition     = startswith(local.user_data, "#cloud-config\n") && keys(yamldecode(local.user_data)) == ["write_files"]
    error_message = "User data must write a file and do nothing else."
  }

  assert {
    condition     = [for file in yamldecode(local.user_data).write_files : file.path] == ["/etc/marketboro/monitor.env"]
    error_message = "User data must write monitor.env and nothing else."
  }

  # Values that are known here are all there is: names, ARNs and URLs.
  assert {
    condition = toset(split("\n", trimspace(yamldecode(local.user_data).write_files[0].content))) == toset([
      "ALERT_CONTACT_POINT=sns",
      "ALERT_SNS_TOPIC_ARN=arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts",
      "AUTO_SCALING_GROUP=marketboro-dev-monitor",
      "AWS_REGION=ap-northeast-2",
      "DATA_VOLUME_TAG_KEY=MonitorData",
      "DATA_VOLUME_TAG_VALUE=marketboro-dev-monitor",
      "GRAFANA_BIND=0.0.0.0",
      "GRAFANA_COOKIE_SECURE=true",
      "GRAFANA_ROOT_URL=https://grafana.example.com:3000/",
      "MONITOR_LOADGEN_TOKEN_KMS_KEY=arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000001",
      "MONITOR_LOADGEN_TOKEN_TO=ssm:/marketboro/dev/loadgen/influxdb-token",
      "MONITOR_BACKUP_TO=s3://marketboro-dev-monitor-backups-123456789012/monitor",
      "MONITOR_SECRETS_FROM=ssm:/marketboro/dev/monitor/",
    ])
    error_message = "monitor.env must say this and nothing else: no secret may be in it."
  }
}

run "alarms" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.missing.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.missing.alarm_actions == toset([var.alerts_topic_arn])
    error_message = "A missing host must be told, even where nothing is measured."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.status : alarm.alarm_actions == toset([var.alerts_topic_arn])])
    error_message = "Failed status checks must be told."
  }
}

run "without_grafana_listener" {
  command = plan

  variables {
    grafana_url = "http://localhost:3000/"
    clients = {
      "otlp-http" = { port = 4318, security_group_id = "sg-00000000balancer" }
    }
  }

  assert {
    condition     = local.environment.GRAFANA_BIND == "127.0.0.1" && local.environment.GRAFANA_COOKIE_SECURE == "false"
    error_message = "Grafana must listen on loopback, where Session Manager's forwarding ends."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.client) == ["otlp-http"]
    error_message = "Port 3000 must be closed."
  }
}

run "chosen_image" {
  command = plan

  variables {
    image_id          = "ami-0123456789abcdef0"
    backup_public_key = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
  }

  assert {
    condition     = anytrue([for filter in data.aws_ami.this.filter : filter.name == "image-id" && contains(filter.values, "ami-0123456789abcdef0")])
    error_message = "The image that was asked for must be used."
  }

  assert {
    condition     = startswith(local.environment.MONITOR_BACKUP_ENCRYPT_TO, "age1")
    error_message = "Backups must be encrypted to the key that was given."
  }
}

run "paths_without_slash" {
  command = plan

  variables {
    parameter_path                 = "marketboro/dev/monitor"
    load_generator_token_parameter = "marketboro/dev/loadgen/influxdb-token"
    log_groups                     = ["*"]
  }

  expect_failures = [var.parameter_path, var.load_generator_token_parameter, var.log_groups]
}
