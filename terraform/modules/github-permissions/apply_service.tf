# What runs in ECS, its logs and its alarms.

data "aws_iam_policy_document" "apply_service" {
  statement {
    sid = "Cluster"
    actions = [
      "ecs:CreateCluster",
      "ecs:CreateService",
      "ecs:DeleteCluster",
      "ecs:DeleteService",
      "ecs:PutClusterCapacityProviders",
      "ecs:TagResource",
      "ecs:UntagResource",
      "ecs:UpdateCluster",
      "ecs:UpdateClusterSettings",
      "ecs:UpdateService",
    ]
    resources = [
      local.cluster,
      "arn:aws:ecs:${local.at}:service/${module.names.cluster}/*",
    ]
  }

  statement {
    sid       = "TagTaskDefinitions"
    actions   = ["ecs:TagResource", "ecs:UntagResource"]
    resources = ["arn:aws:ecs:${local.at}:task-definition/${local.prefix}-*:*"]
  }

  # ECS judges neither by family. A task definition is worth the roles that it may be given, and those are limited.
  statement {
    sid       = "TaskDefinitions"
    actions   = ["ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid = "Logs"
    actions = [
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DeleteMetricFilter",
      "logs:DeleteRetentionPolicy",
      "logs:PutLogGroupDeletionProtection",
      "logs:PutMetricFilter",
      "logs:PutRetentionPolicy",
      "logs:TagResource",
      "logs:UntagResource",
    ]
    # Some of these are asked for the group, some for its streams.
    resources = flatten([for group in local.log_groups : [group, "${group}:*"]])
  }

  # Flow logs and the web firewall's logs are deliveries, which are no resources. What they may write to is said by
  # policies of CloudWatch Logs, of which there are ten in a region, for all.
  statement {
    sid = "LogDeliveries"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid = "Topic"
    actions = [
      "sns:CreateTopic",
      "sns:DeleteTopic",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
      "sns:TagResource",
      "sns:UntagResource",
    ]
    resources = ["arn:aws:sns:${local.at}:${module.names.alerts_topic}"]
  }

  # SNS judges a subscription by no topic.
  statement {
    sid       = "Subscription"
    actions   = ["sns:SetSubscriptionAttributes", "sns:Unsubscribe"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid = "Alarms"
    actions = [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DisableAlarmActions",
      "cloudwatch:EnableAlarmActions",
      "cloudwatch:PutCompositeAlarm",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
    ]
    resources = ["arn:aws:cloudwatch:${local.at}:alarm:${local.prefix}-*"]
  }
}
