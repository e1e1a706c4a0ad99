# The template that deployments take the latest revision of, to put their image into.

data "aws_region" "current" {}

locals {
  # ECS takes a task out of the balancer, lets the target group's delay pass, and then sends SIGTERM. The service serves
  # on for a second, gives requests this time to finish, and exports what is left; only then may it be killed.
  shutdown_grace_seconds = 20
  stop_timeout_seconds   = local.shutdown_grace_seconds + 10

  environment = merge(var.environment, {
    AWS_REGION     = data.aws_region.current.region
    LISTEN_ADDR    = "0.0.0.0:${var.port}"
    SHUTDOWN_GRACE = "${local.shutdown_grace_seconds}s"
  })
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:encrypted by CloudWatch Logs with its own key; it holds no secret
  name              = var.log_group
  retention_in_days = var.log_days
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
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

  container_definitions = jsonencode([{
    name      = var.container_name
    image     = var.image
    essential = true
    user      = "10001:10001"

    readonlyRootFilesystem = true
    linuxParameters = {
      initProcessEnabled = true
      capabilities       = { drop = ["ALL"] }
    }

    portMappings = [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
    ulimits      = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    stopTimeout  = local.stop_timeout_seconds

    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = local.secret_arns[name] }]

    healthCheck = {
      command     = ["CMD", "/service", "--check-health"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }

    # Rather lose lines than let requests wait for them.
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

    mountPoints    = []
    volumesFrom    = []
    systemControls = []
  }])
}
