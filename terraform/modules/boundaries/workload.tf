# Tasks and hosts work with this environment's data, in this region, and have nothing to do with IAM, with the states
# or with what Terraform makes.

data "aws_iam_policy_document" "workload" {
  statement {
    sid = "Items"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
    resources = [
      "arn:aws:dynamodb:${local.at}:table/${module.names.table}",
      "arn:aws:dynamodb:${local.at}:table/${module.names.table}/index/*",
    ]
  }

  statement {
    sid = "Objects"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]
    resources = [
      "arn:aws:s3:::${local.prefix}-*",
    ]
  }

  # The session manager's agent reads what AWS publishes, such as updates, from buckets of AWS's.
  statement {
    sid       = "BucketsOfAws"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::*/*"]

    condition {
      test     = "StringNotEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "NoStates"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.state_bucket, "${local.state_bucket}/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"]
    resources = [var.key_arn]
  }

  statement {
    sid       = "KeysOfAws"
    actions   = local.keys_of_aws.actions
    resources = local.keys_of_aws.resources

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.keys_of_aws.services
    }
  }

  statement {
    sid       = "Parameters"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:PutParameter"]
    resources = ["arn:aws:ssm:${local.at}:parameter/marketboro/${var.environment}/*"]
  }

  statement {
    sid       = "Alerts"
    actions   = ["sns:Publish"]
    resources = ["arn:aws:sns:${local.at}:${module.names.alerts_topic}"]
  }

  statement {
    sid       = "Images"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [for name in values(module.names.repositories) : "arn:aws:ecr:${local.at}:repository/${name}"]
  }

  statement {
    sid = "OwnInstanceAndVolume"
    actions = [
      "autoscaling:CompleteLifecycleAction",
      "autoscaling:RecordLifecycleActionHeartbeat",
      "autoscaling:SetInstanceHealth",
      "autoscaling:SetInstanceProtection",
      "ec2:AttachVolume",
      "ec2:DetachVolume",
    ]
    resources = [
      "arn:aws:autoscaling:${local.at}:autoScalingGroup:*:autoScalingGroupName/${module.names.monitor}",
      "arn:aws:ec2:${local.at}:instance/*",
      "arn:aws:ec2:${local.at}:volume/*",
    ]
  }

  # Snapshots of the data volume, by Data Lifecycle Manager.
  statement {
    sid     = "Snapshots"
    actions = ["ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:CreateTags", "ec2:DeleteSnapshot"]
    resources = [
      "arn:aws:ec2:${local.at}:instance/*",
      "arn:aws:ec2:${local.at}:volume/*",
      "arn:aws:ec2:${var.region}::snapshot/*",
    ]
  }

  # Limited to no resource by AWS, or by a role's own policy: figures and logs that Grafana shows, logs that tasks write,
  # the session manager's channels.
  statement {
    sid = "Region"
    actions = [
      "autoscaling:Describe*",
      "cloudwatch:Describe*",
      "cloudwatch:Get*",
      "cloudwatch:List*",
      "cloudwatch:PutMetricData",
      "ec2:Describe*",
      "ec2messages:AcknowledgeMessage",
      "ec2messages:DeleteMessage",
      "ec2messages:FailMessage",
      "ec2messages:GetEndpoint",
      "ec2messages:GetMessages",
      "ec2messages:SendReply",
      "ecr:GetAuthorizationToken",
      "logs:CreateLogStream",
      "logs:Describe*",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:GetLogGroupFields",
      "logs:GetLogRecord",
      "logs:GetQueryResults",
      "logs:PutLogEvents",
      "logs:StartQuery",
      "logs:StopQuery",
      "oam:ListAttachedLinks",
      "oam:ListSinks",
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
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
      "tag:GetResources",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }
}
