# Load generators: tasks that are started for a run and end with it.

data "aws_region" "current" {}

locals {
  # Whatever takes part in a run is written below it.
  results_prefix = "runs"

  environment = {
    AWS_REGION    = data.aws_region.current.region
    INFLUX_URL    = "http://${var.influxdb_host}:8086"
    INFLUX_ORG    = "marketboro"
    INFLUX_BUCKET = "loadgen"
    # Where figures wait that InfluxDB does not take, in runs without --out.
    XDG_STATE_HOME = "/tmp"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:encrypted by CloudWatch Logs with its own key; it holds no secret
  #checkov:skip=CKV_AWS_338:how long is a matter of the variable log_days, not of a year at least
  name              = var.log_group
  retention_in_days = var.log_days
}

module "results" {
  source = "../private-bucket"

  name                = var.results_bucket
  key_arn             = var.key_arn
  expire_days         = var.results_days
  noncurrent_days     = 7
  deletion_protection = var.deletion_protection
}

resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_249:they are two, but checkov sees no more of either than a module's output
  family                   = var.family
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = module.task_role.arn
  execution_role_arn       = module.execution_role.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # What --out writes is copied to S3 from here. The image gives the folder to everyone, as a VOLUME.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([{
    name      = var.container_name
    image     = var.image
    essential = true
    user      = "10001:10001"

    # Those who start a task say what it is to do.
    command = ["--help"]

    readonlyRootFilesystem = true
    linuxParameters = {
      initProcessEnabled = true
      capabilities       = { drop = ["ALL"] }
    }

    mountPoints = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    ulimits     = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]

    # Each virtual user takes a port of its own, and the balancer has few addresses.
    systemControls = [{ namespace = "net.ipv4.ip_local_port_range", value = "1024 65535" }]

    # A run that is stopped still reports, and copies what it has: the longest that Fargate waits.
    stopTimeout = 120

    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [{ name = "INFLUX_TOKEN", valueFrom = local.influxdb_token_arn }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.current.region
        awslogs-stream-prefix = var.container_name
        mode                  = "non-blocking"
        max-buffer-size       = "25m"
      }
    }

    portMappings = []
    volumesFrom  = []
  }])
}
