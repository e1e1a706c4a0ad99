# Roles of what runs: exactly those that module names knows, never without the boundary, each passed to its own service.

locals {
  workload_roles = values(local.roles)
  profile        = "arn:aws:iam::${local.account}:instance-profile/${module.names.roles.monitor_host}"
  boundary       = "arn:aws:iam::${local.account}:policy/${module.names.boundaries.workload}"

  passed = {
    Ecs = {
      service = "ecs-tasks.amazonaws.com"
      roles   = ["service_task", "service_execution", "load_generator_task", "load_generator_execution"]
    }
    Ec2       = { service = "ec2.amazonaws.com", roles = ["monitor_host"] }
    Snapshots = { service = "dlm.amazonaws.com", roles = ["snapshots"] }
    FlowLogs  = { service = "vpc-flow-logs.amazonaws.com", roles = ["flow_logs"] }
  }
}

data "aws_iam_policy_document" "apply_roles" {
  statement {
    sid = "BoundRoles"
    actions = [
      "iam:CreateRole",
      "iam:DeleteRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
    ]
    resources = local.workload_roles

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary]
    }
  }

  statement {
    sid = "Roles"
    actions = [
      "iam:DeleteRole",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = local.workload_roles
  }

  statement {
    sid = "Profile"
    actions = [
      "iam:AddRoleToInstanceProfile",
      "iam:CreateInstanceProfile",
      "iam:DeleteInstanceProfile",
      "iam:RemoveRoleFromInstanceProfile",
      "iam:TagInstanceProfile",
      "iam:UntagInstanceProfile",
    ]
    resources = [local.profile]
  }

  dynamic "statement" {
    for_each = local.passed

    content {
      sid       = "PassTo${statement.key}"
      actions   = ["iam:PassRole"]
      resources = [for purpose in statement.value.roles : local.roles[purpose]]

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = [statement.value.service]
      }
    }
  }

  # An account that never used one of these services has no such role yet; what they may do is AWS's to say.
  statement {
    sid       = "RolesOfServices"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:aws:iam::${local.account}:role/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values = [
        "autoscaling.amazonaws.com",
        "dynamodb.application-autoscaling.amazonaws.com",
        "ecs.amazonaws.com",
        "ecs.application-autoscaling.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "wafv2.amazonaws.com",
      ]
    }
  }
}
