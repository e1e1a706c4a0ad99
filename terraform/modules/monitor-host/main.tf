# The monitor host: one instance that Auto Scaling replaces when it is lost. What it must not lose is on a volume of its
# own, which the new host attaches; everything else is in its image.

data "aws_ami" "this" {
  most_recent = true
  owners      = ["self"]

  filter {
    name   = var.image_id == null ? "name" : "image-id"
    values = [var.image_id == null ? "${var.image_prefix}-${var.architecture}-*" : var.image_id]
  }

  filter {
    name   = "architecture"
    values = [var.architecture]
  }

  filter {
    name   = "state"
    values = ["available"]
  }

  filter {
    name   = "root-device-type"
    values = ["ebs"]
  }
}

resource "aws_iam_instance_profile" "this" {
  name = var.role_name
  role = module.role.name
}

resource "aws_launch_template" "this" {
  #checkov:skip=CKV_AWS_341:Grafana asks for the role's credentials from inside a container, which is one hop more
  name        = var.name
  description = "Monitor host"

  # The image is the newest one at the time of an apply, so a host that is lost comes back from the last one that
  # somebody approved, and not from one that was built since.
  image_id      = data.aws_ami.this.id
  instance_type = var.instance_type
  ebs_optimized = true
  user_data     = base64encode(local.user_data)

  update_default_version = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  network_interfaces {
    description                 = "Monitor host"
    device_index                = 0
    associate_public_ip_address = "false"
    delete_on_termination       = "true"
    security_groups             = [aws_security_group.this.id]
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    http_protocol_ipv6          = "disabled"
    instance_metadata_tags      = "disabled"
  }

  # The root disk holds nothing that the image does not.
  block_device_mappings {
    device_name = data.aws_ami.this.root_device_name

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_volume_gib
      encrypted             = "true"
      delete_on_termination = "true"
    }
  }

  maintenance_options {
    auto_recovery = "default"
  }

  # The host itself reports every ten seconds, status checks come every minute anyway.
  monitoring {
    enabled = false
  }

  dynamic "tag_specifications" {
    for_each = ["volume", "network-interface"]

    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }

  tags = {
    Name = var.name
  }
}

resource "aws_autoscaling_group" "this" {
  # A host that boots before it may do anything would fail for nothing.
  depends_on = [module.role, aws_vpc_security_group_egress_rule.endpoints, aws_vpc_security_group_egress_rule.s3]

  name                = var.name
  min_size            = 1
  max_size            = 1
  desired_capacity    = 1
  vpc_zone_identifier = [var.subnet_id]
  target_group_arns   = var.target_group_arns

  # Not the balancers' checks: a full disk would replace hosts for ever. The host says by itself when a new one helps.
  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 120

  # No new host is launched while the old one holds the volume. There is no instance_refresh here: an apply changes what
  # the next host is like, and the workflow of the image decides when.
  instance_maintenance_policy {
    min_healthy_percentage = 0
    max_healthy_percentage = 100
  }

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  metrics_granularity = "1Minute"
  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupTerminatingInstances",
  ]

  dynamic "tag" {
    for_each = local.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }
}

locals {
  # The provider's default tags reach neither what Auto Scaling launches nor the group itself.
  tags = merge(var.tags, { Name = var.name })
}
