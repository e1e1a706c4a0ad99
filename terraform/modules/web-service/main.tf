# The cluster, and the service in it that the balancer sends requests to.

resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65:var.container_insights is enabled or enhanced
  name = var.cluster_name

  setting {
    name  = "containerInsights"
    value = var.container_insights
  }
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = var.desired_count
  launch_type     = "FARGATE"

  enable_execute_command        = false
  enable_ecs_managed_tags       = true
  propagate_tags                = "SERVICE"
  availability_zone_rebalancing = "ENABLED"

  # Old tasks go when new ones answer.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 30

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.target_group_arn
    container_name   = var.container_name
    container_port   = var.port
  }

  # The first apply comes before the first image.
  wait_for_steady_state = false

  # Deployments move the one, scaling the other.
  lifecycle {
    ignore_changes = [task_definition, desired_count]
  }
}
