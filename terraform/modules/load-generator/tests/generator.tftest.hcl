mock_provider "aws" {
  source = "../../mocks"
}

variables {
  family                   = "marketboro-dev-loadgen"
  container_name           = "loadgen"
  image                    = "registry.example/loadgen:unreleased"
  repository_arn           = "arn:aws:ecr:ap-northeast-2:123456789012:repository/loadgen"
  cpu_architecture         = "ARM64"
  cpu                      = 1024
  memory                   = 2048
  vpc_id                   = "vpc-0"
  influxdb_host            = "influxdb.dev.marketboro.internal"
  influxdb_token_parameter = "/marketboro/dev/loadgen/influxdb-token"
  key_arn                  = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  results_bucket           = "marketboro-dev-load-test-results"
  results_days             = 365
  log_group                = "/marketboro/dev/loadgen"
  log_days                 = 30
  roles                    = { load_generator_task = "marketboro-dev-loadgen-task", load_generator_execution = "marketboro-dev-loadgen-execution" }
  boundary_arn             = "arn:aws:iam::123456789012:policy/boundary"
  deletion_protection      = true
}

run "container" {
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem && jsondecode(aws_ecs_task_definition.this.container_definitions)[0].user == "10001:10001"
    error_message = "A generator must run without privileges."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].mountPoints == [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }] && one(aws_ecs_task_definition.this.volume).name == "tmp"
    error_message = "A generator must be able to write to /tmp, where results wait to be copied."
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets == [
      { name = "INFLUX_TOKEN", valueFrom = "arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/loadgen/influxdb-token" },
    ]
    error_message = "The token must be taken by reference."
  }

  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment, { name = "INFLUX_URL", value = "http://influxdb.dev.marketboro.internal:8086" })
    error_message = "A generator must write to InfluxDB by its private name."
  }
}

run "network" {
  assert {
    condition     = { for name, rule in aws_vpc_security_group_egress_rule.world : name => "${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4}" } == { http = "80-80 0.0.0.0/0", https = "443-443 0.0.0.0/0" }
    error_message = "A generator must reach ports 80 and 443, and nothing else until a root opens it."
  }
}

run "permissions" {
  assert {
    condition = {
      for statement in data.aws_iam_policy_document.task.statement : statement.sid => statement.actions
      } == {
      FindRuns       = toset(["s3:ListBucket"])
      WriteResults   = toset(["s3:GetObject", "s3:PutObject"])
      EncryptResults = toset(["kms:Decrypt", "kms:GenerateDataKey"])
    }
    error_message = "A generator may write results, and see whose they are, and nothing else."
  }

  assert {
    condition = (
      one([for statement in data.aws_iam_policy_document.task.statement : statement.resources if statement.sid == "WriteResults"]) == toset(["${module.results.arn}/runs/*"]) &&
      one(one([for statement in data.aws_iam_policy_document.task.statement : statement.condition if statement.sid == "FindRuns"])).values == tolist(["runs/*"])
    )
    error_message = "A generator may see and write below runs/ alone."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.execution.statement : statement.resources if statement.sid == "ReadInfluxdbToken"]) == toset(["arn:aws:ssm:ap-northeast-2:123456789012:parameter/marketboro/dev/loadgen/influxdb-token"])
    error_message = "ECS may read the token, and no other secret."
  }

  assert {
    condition = [
      for statement in concat(data.aws_iam_policy_document.task.statement, data.aws_iam_policy_document.execution.statement) : statement.sid if contains(statement.resources, "*")
    ] == ["LogInToRegistry"]
    error_message = "Only the registry's token, which knows no resource, may be for all resources."
  }
}
