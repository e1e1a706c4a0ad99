# The VPC and what is in it. New things must be tagged as this environment's, and only such may be changed.

locals {
  own_tag     = "aws:ResourceTag/Environment"
  request_tag = "aws:RequestTag/Environment"
}

data "aws_iam_policy_document" "apply_network" {
  # Each with the kinds that it makes alone: where they are made in is judged below, by its own tag.
  dynamic "statement" {
    for_each = {
      CreateNetwork = { actions = ["CreateVpc"], kinds = ["vpc"] }
      CreateParts = {
        actions = ["CreateRouteTable", "CreateSecurityGroup", "CreateSubnet"]
        kinds   = ["route-table", "security-group", "subnet"]
      }
      CreateBesides = {
        actions = ["AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateFlowLogs", "CreateInternetGateway", "CreateVpcEndpoint"]
        kinds   = ["internet-gateway", "security-group-rule", "vpc-endpoint", "vpc-flow-log"]
      }
    }

    content {
      sid       = statement.key
      actions   = [for action in statement.value.actions : "ec2:${action}"]
      resources = [for kind in statement.value.kinds : "arn:aws:ec2:${local.at}:${kind}/*"]

      condition {
        test     = "StringEquals"
        variable = local.request_tag
        values   = [var.environment]
      }
    }
  }

  # What that is made in, and all that changes or ends it.
  statement {
    sid = "Change"
    actions = [
      "ec2:AssociateRouteTable",
      "ec2:AttachInternetGateway",
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:CreateFlowLogs",
      "ec2:CreateRoute",
      "ec2:CreateRouteTable",
      "ec2:CreateSecurityGroup",
      "ec2:CreateSubnet",
      "ec2:CreateVpcEndpoint",
      "ec2:DeleteFlowLogs",
      "ec2:DeleteInternetGateway",
      "ec2:DeleteRoute",
      "ec2:DeleteRouteTable",
      "ec2:DeleteSecurityGroup",
      "ec2:DeleteSubnet",
      "ec2:DeleteVpc",
      "ec2:DeleteVpcEndpoints",
      "ec2:DetachInternetGateway",
      "ec2:DisassociateRouteTable",
      "ec2:ModifySecurityGroupRules",
      "ec2:ModifySubnetAttribute",
      "ec2:ModifyVpcAttribute",
      "ec2:ModifyVpcEndpoint",
      "ec2:ReplaceRoute",
      "ec2:ReplaceRouteTableAssociation",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
      "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
      "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    ]
    resources = ["arn:aws:ec2:${local.at}:*/*"]

    condition {
      test     = "StringEquals"
      variable = local.own_tag
      values   = [var.environment]
    }
  }

  statement {
    sid     = "TagNew"
    actions = ["ec2:CreateTags"]
    resources = [
      "arn:aws:ec2:${local.at}:*/*",
      "arn:aws:ec2:${var.region}::snapshot/*",
    ]

    condition {
      test     = "Null"
      variable = "ec2:CreateAction"
      values   = ["false"]
    }
  }

  statement {
    sid       = "TagOwn"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["arn:aws:ec2:${local.at}:*/*"]

    condition {
      test     = "StringEquals"
      variable = local.own_tag
      values   = [var.environment]
    }
  }

  # The security group that AWS makes with a VPC comes without tags: Terraform tags it, then takes its rules away.
  statement {
    sid       = "AdoptDefaultGroup"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:aws:ec2:${local.at}:security-group/*"]

    condition {
      test     = "Null"
      variable = local.own_tag
      values   = ["true"]
    }

    condition {
      test     = "StringEquals"
      variable = local.request_tag
      values   = [var.environment]
    }
  }

  # Closes, never opens: the default group's, whose tags may not have arrived.
  statement {
    sid       = "EmptyDefaultGroup"
    actions   = ["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["arn:aws:ec2:${local.at}:security-group/*", "arn:aws:ec2:${local.at}:security-group-rule/*"]

    condition {
      test     = "Null"
      variable = local.own_tag
      values   = ["true"]
    }
  }

  # A private zone is made together with its VPC, so this can make no public one.
  statement {
    sid       = "MakePrivateZone"
    actions   = ["route53:CreateHostedZone"]
    resources = ["*"]

    condition {
      test     = "Null"
      variable = "route53:VPCs"
      values   = ["false"]
    }
  }

  # Zones have ids by chance and no tags that policies know. One that holds records refuses to be deleted, and which
  # records may be changed is limited.
  statement {
    sid = "KeepPrivateZone"
    actions = [
      "route53:AssociateVPCWithHostedZone",
      "route53:ChangeTagsForResource",
      "route53:DeleteHostedZone",
      "route53:DisassociateVPCFromHostedZone",
      "route53:UpdateHostedZoneComment",
    ]
    resources = ["arn:aws:route53:::hostedzone/*"]
  }

  statement {
    sid       = "Records"
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = ["arn:aws:route53:::hostedzone/*"]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
      values = concat(
        ["*.${module.names.private_zone}"],
        # Those that a certificate is validated with begin with an underscore.
        flatten([for host in ["www", "grafana"] : ["${host}.${var.zone_name}", "_*.${host}.${var.zone_name}"]]),
      )
    }
  }
}
