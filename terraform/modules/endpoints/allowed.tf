# What passes each interface endpoint: the sum of what the roles of tasks, generators and the monitor host may do. A
# role that is given more needs it here as well.

locals {
  regional = "${local.region}:${local.account}"

  repositories = "arn:${local.partition}:ecr:${local.regional}:repository/*"
  images = [
    {
      sid       = "Token"
      actions   = ["ecr:GetAuthorizationToken"]
      resources = ["*"]
    },
    {
      sid       = "Pull"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [local.repositories]
    },
  ]

  allowed = {
    # Tasks and generators: images.
    "ecr.api" = local.images
    "ecr.dkr" = local.images

    # Tasks and generators write, Grafana reads.
    "logs" = [
      {
        sid = "Groups"
        actions = [
          "logs:CreateLogStream",
          "logs:DescribeLogGroups",
          "logs:DescribeLogStreams",
          "logs:FilterLogEvents",
          "logs:GetLogEvents",
          "logs:GetLogGroupFields",
          "logs:GetLogRecord",
          "logs:PutLogEvents",
          "logs:StartQuery",
        ]
        resources = ["arn:${local.partition}:logs:${local.regional}:log-group:*"]
      },
      {
        sid       = "Queries"
        actions   = ["logs:DescribeQueries", "logs:GetQueryResults", "logs:StopQuery"]
        resources = ["*"]
      },
    ]

    # Secrets of tasks, generators and the monitor host; the monitor host's agent. Documents may be AWS's own.
    "ssm" = [
      {
        sid = "Parameters"
        actions = [
          "ssm:GetParameter",
          "ssm:GetParameters",
          "ssm:GetParametersByPath",
          "ssm:PutParameter",
        ]
        resources = ["arn:${local.partition}:ssm:${local.regional}:parameter/*"]
      },
      {
        sid = "Agent"
        actions = [
          "ssm:DescribeAssociation",
          "ssm:DescribeDocument",
          "ssm:GetDeployablePatchSnapshotForInstance",
          "ssm:GetDocument",
          "ssm:GetManifest",
          "ssm:ListAssociations",
          "ssm:ListInstanceAssociations",
          "ssm:PutComplianceItems",
          "ssm:PutConfigurePackageResult",
          "ssm:PutInventory",
          "ssm:UpdateAssociationStatus",
          "ssm:UpdateInstanceAssociationStatus",
          "ssm:UpdateInstanceInformation",
        ]
        resources = ["*"]
      },
    ]

    # Session Manager and Run Command, and ECS Exec.
    "ssmmessages" = [
      {
        sid = "Channels"
        actions = [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        resources = ["*"]
      },
    ]

    # Only for agents before 3.3.40.0: later ones speak with ssmmessages alone.
    "ec2messages" = [
      {
        sid = "Messages"
        actions = [
          "ec2messages:AcknowledgeMessage",
          "ec2messages:DeleteMessage",
          "ec2messages:FailMessage",
          "ec2messages:GetEndpoint",
          "ec2messages:GetMessages",
          "ec2messages:SendReply",
        ]
        resources = ["*"]
      },
    ]

    # Grafana's CloudWatch panels.
    "monitoring" = [
      {
        sid = "Read"
        actions = [
          "cloudwatch:DescribeAlarmHistory",
          "cloudwatch:DescribeAlarms",
          "cloudwatch:DescribeAlarmsForMetric",
          "cloudwatch:GetMetricData",
          "cloudwatch:GetMetricStatistics",
          "cloudwatch:ListMetrics",
        ]
        resources = ["*"]
      },
    ]

    # The monitor host finds and takes its data volume; Grafana lists regions and instances.
    "ec2" = [
      {
        sid = "Find"
        actions = [
          "ec2:DescribeAvailabilityZones",
          "ec2:DescribeInstances",
          "ec2:DescribeInstanceStatus",
          "ec2:DescribeRegions",
          "ec2:DescribeTags",
          "ec2:DescribeVolumes",
        ]
        resources = ["*"]
      },
      {
        sid     = "Volume"
        actions = ["ec2:AttachVolume", "ec2:DetachVolume"]
        resources = [
          "arn:${local.partition}:ec2:${local.regional}:instance/*",
          "arn:${local.partition}:ec2:${local.regional}:volume/*",
        ]
      },
    ]

    # The monitor host says that it is unhealthy.
    "autoscaling" = [
      {
        sid       = "Find"
        actions   = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances"]
        resources = ["*"]
      },
      {
        sid = "Health"
        actions = [
          "autoscaling:CompleteLifecycleAction",
          "autoscaling:RecordLifecycleActionHeartbeat",
          "autoscaling:SetInstanceHealth",
        ]
        resources = ["arn:${local.partition}:autoscaling:${local.regional}:autoScalingGroup:*:autoScalingGroupName/*"]
      },
    ]

    # Grafana's alerts.
    "sns" = [
      {
        sid       = "Publish"
        actions   = ["sns:Publish"]
        resources = ["arn:${local.partition}:sns:${local.regional}:*"]
      },
    ]

    # Nothing asks for these two as things are: credentials come from the metadata services, and secrets from SSM.
    "sts" = [
      {
        sid       = "Self"
        actions   = ["sts:GetCallerIdentity"]
        resources = ["*"]
      },
    ]
    "secretsmanager" = [
      {
        sid       = "Read"
        actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        resources = ["arn:${local.partition}:secretsmanager:${local.regional}:secret:*"]
      },
    ]
  }
}

data "aws_iam_policy_document" "interface" {
  for_each = var.interface

  dynamic "statement" {
    for_each = local.allowed[each.key]

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalAccount"
        values   = [local.account]
      }
    }
  }
}
