mock_provider "aws" {
  source = "../../mocks"
}

variables {
  cluster_name                    = "marketboro-dev"
  name                            = "marketboro-dev-service"
  container_name                  = "service"
  container_insights              = "enabled"
  image                           = "registry.example/service:unreleased"
  repository_arn                  = "arn:aws:ecr:ap-northeast-2:123456789012:repository/service"
  cpu_architecture                = "ARM64"
  cpu                             = 512
  memory                          = 1024
  port                            = 8080
  environment                     = { STORE = "dynamodb" }
  key_arn                         = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  desired_count                   = 2
  min_count                       = 2
  max_count                       = 10
  scale_at_cpu_percent            = 60
  scale_at_requests_per_minute    = 30000
  vpc_id                          = "vpc-0"
  subnet_ids                      = ["subnet-private-a", "subnet-private-b"]
  endpoints_security_group_id     = "sg-endpoints"
  s3_prefix_list_id               = "pl-s3"
  dynamodb_prefix_list_id         = "pl-dynamodb"
  load_balancer_security_group_id = "sg-balancer"
  load_balancer_arn_suffix        = "app/marketboro-dev-public/0123456789abcdef"
  target_group_arn                = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/marketboro-dev-service/0123456789abcdef"
  target_group_arn_suffix         = "targetgroup/marketboro-dev-service/0123456789abcdef"
  table_arn                       = "arn:aws:dynamodb:ap-northeast-2:123456789012:table/marketboro-dev-items"
  log_group                       = "/marketboro/dev/service"
  log_days                        = 30
  roles                           = { service_task = "marketboro-dev-service-task", service_execution = "marketboro-dev-service-execution" }
  boundary_arn                    = "arn:aws:iam::123456789012:policy/boundary"
}

run "network" {
  assert {
    condition     = aws_ecs_service.this.network_configuration[0].assign_public_ip == false && aws_ecs_service.this.network_configuration[0].subnets == toset(["subnet-private-a", "subnet-private-b"])
    error_message = "Tasks must be in private subnets, without public addresses."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.balancer.referenced_security_group_id == "sg-balancer" && aws_vpc_security_group_ingress_rule.balancer.from_port == 8080 && aws_vpc_security_group_ingress_rule.balancer.to_port == 8080 && aws_vpc_security_group_ingress_rule.balancer.cidr_ipv4 == null
    error_message = "Tasks must be reachable on their port from the balancer alone."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.endpoints.referenced_security_group_id == "sg-endpoints" && aws_vpc_security_group_egress_rule.endpoints.from_port == 443 && aws_vpc_security_group_egress_rule.endpoints.to_port == 443
    error_message = "Tasks must reach the endpoints on 443 and no other port."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.gateways : "${rule.prefix_list_id} ${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4 == null}"]) == toset(["pl-s3 443-443 true", "pl-dynamodb 443-443 true"])
    error_message = "Besides the endpoints tasks may reach S3 and DynamoDB alone."
  }
}

run "container" {
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem && jsondecode(aws_ecs_task_definition.this.container_definitions)[0].user == "10001:10001"
    error_message = "The service must run without privileges and write to nothing."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].linuxParameters == { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    error_message = "The service must run below an init process, without capabilities."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command == ["CMD", "/service", "--check-health"]
    error_message = "There is no shell in the image: the service itself must check its health."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].stopTimeout >= 1 + tonumber(trimsuffix(one([for variable in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : variable.value if variable.name == "SHUTDOWN_GRACE"]), "s"))
    error_message = "A task must not be killed before its --shutdown-grace and the second before that are over."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].logConfiguration.options.mode == "non-blocking"
    error_message = "Logs must never hold up requests."
  }

  assert {
    condition     = aws_ecs_task_definition.this.cpu == "512" && aws_ecs_task_definition.this.memory == "1024" && aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "The size and the processor must be those asked for."
  }
}

run "deployment" {
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "A deployment that fails must be rolled back."
  }

  assert {
    condition     = aws_ecs_service.this.wait_for_steady_state == false && aws_ecs_service.this.enable_execute_command == false
    error_message = "The first apply must not wait for an image, and nobody may get a shell."
  }

  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200 && aws_ecs_service.this.availability_zone_rebalancing == "ENABLED"
    error_message = "New tasks must come before old ones go, spread over zones."
  }

  assert {
    condition     = one(aws_ecs_cluster.this.setting).name == "containerInsights" && one(aws_ecs_cluster.this.setting).value == "enabled"
    error_message = "The dashboards need Container Insights."
  }

  assert {
    condition     = aws_appautoscaling_target.this.min_capacity == 2 && aws_appautoscaling_target.this.max_capacity == 10 && aws_appautoscaling_target.this.resource_id == "service/marketboro-dev/marketboro-dev-service"
    error_message = "Scaling must move this service between its bounds."
  }

  assert {
    condition     = aws_appautoscaling_policy.requests.target_tracking_scaling_policy_configuration[0].predefined_metric_specification[0].resource_label == "app/marketboro-dev-public/0123456789abcdef/targetgroup/marketboro-dev-service/0123456789abcdef"
    error_message = "Requests must be counted at this balancer and target group."
  }
}

run "permissions" {
  assert {
    condition = (
      length(data.aws_iam_policy_document.task.statement) == 1 &&
      data.aws_iam_policy_document.task.statement[0].actions == toset(["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"]) &&
      data.aws_iam_policy_document.task.statement[0].resources == toset(["arn:aws:dynamodb:ap-northeast-2:123456789012:table/marketboro-dev-items"])
    )
    error_message = "The service may do with this table what it does, and nothing else."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.execution.statement : statement.sid => statement.actions
      } == {
      LogInToRegistry = toset(["ecr:GetAuthorizationToken"])
      PullImage       = toset(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
      WriteLogs       = toset(["logs:CreateLogStream", "logs:PutLogEvents"])
    }
    error_message = "Without secrets ECS may pull the image and write logs, and nothing else."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.execution.statement : statement.sid if contains(statement.resources, "*")] == ["LogInToRegistry"]
    error_message = "Only the registry's token, which knows no resource, may be for all resources."
  }
}

run "secrets" {
  variables {
    secrets = { OTEL_EXPORTER_OTLP_HEADERS = "/marketboro/dev/service/otlp-headers" }
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets == [
      { name = "OTEL_EXPORTER_OTLP_HEADERS", valueFrom = "arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/service/otlp-headers" },
    ]
    error_message = "A secret must be taken by reference."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.execution.statement : statement.resources if statement.sid == "ReadSecrets"]) == toset(["arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/service/otlp-headers"])
    error_message = "ECS may read the secrets that are referred to, and no others."
  }

  assert {
    condition     = one(one([for statement in data.aws_iam_policy_document.execution.statement : statement.condition if statement.sid == "DecryptSecrets"])).values == tolist(["arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/service/otlp-headers"])
    error_message = "ECS may decrypt the secrets that are referred to, and nothing else."
  }
}

run "no_container_insights" {
  command = plan

  variables {
    container_insights = "disabled"
  }

  expect_failures = [var.container_insights]
}
