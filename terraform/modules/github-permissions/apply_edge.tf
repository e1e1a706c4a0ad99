# What users meet: balancers, certificates, the web firewall.

data "aws_iam_policy_document" "apply_edge" {
  statement {
    sid = "Balancers"
    actions = [
      "elasticloadbalancing:AddListenerCertificates",
      "elasticloadbalancing:AddTags",
      "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:CreateLoadBalancer",
      "elasticloadbalancing:CreateRule",
      "elasticloadbalancing:CreateTargetGroup",
      "elasticloadbalancing:DeleteListener",
      "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeleteRule",
      "elasticloadbalancing:DeleteTargetGroup",
      "elasticloadbalancing:DeregisterTargets",
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes",
      "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:RegisterTargets",
      "elasticloadbalancing:RemoveListenerCertificates",
      "elasticloadbalancing:RemoveTags",
      "elasticloadbalancing:SetIpAddressType",
      "elasticloadbalancing:SetRulePriorities",
      "elasticloadbalancing:SetSecurityGroups",
      "elasticloadbalancing:SetSubnets",
    ]
    resources = flatten([for kind in ["listener-rule/*", "listener/*", "loadbalancer/*", "targetgroup"] : [
      "arn:aws:elasticloadbalancing:${local.at}:${kind}/${local.prefix}/*",
      "arn:aws:elasticloadbalancing:${local.at}:${kind}/${local.prefix}-*",
    ]])
  }

  statement {
    sid       = "AskForCertificate"
    actions   = ["acm:RequestCertificate"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = local.request_tag
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid       = "TagCertificate"
    actions   = ["acm:AddTagsToCertificate"]
    resources = ["arn:aws:acm:${local.at}:certificate/*"]

    condition {
      test     = "StringEquals"
      variable = local.request_tag
      values   = [var.environment]
    }
  }

  statement {
    sid = "Certificate"
    actions = [
      "acm:DeleteCertificate",
      "acm:RemoveTagsFromCertificate",
      "acm:UpdateCertificateOptions",
    ]
    resources = ["arn:aws:acm:${local.at}:certificate/*"]

    condition {
      test     = "StringEquals"
      variable = local.own_tag
      values   = [var.environment]
    }
  }

  statement {
    sid = "Firewall"
    actions = [
      "wafv2:AssociateWebACL",
      "wafv2:CreateIPSet",
      "wafv2:CreateWebACL",
      "wafv2:DeleteIPSet",
      "wafv2:DeleteLoggingConfiguration",
      "wafv2:DeleteWebACL",
      "wafv2:DisassociateWebACL",
      "wafv2:PutLoggingConfiguration",
      "wafv2:TagResource",
      "wafv2:UntagResource",
      "wafv2:UpdateIPSet",
      "wafv2:UpdateWebACL",
    ]
    resources = concat(local.firewall, local.balancers)
  }

  # What the balancer's side asks for when a web ACL is put before it; it judges by no balancer, the statement above does.
  statement {
    sid       = "FirewallBefore"
    actions   = ["elasticloadbalancing:SetWebAcl"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  # AWS's own groups of rules, which a web ACL names.
  statement {
    sid       = "ManagedRules"
    actions   = ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"]
    resources = ["arn:aws:wafv2:${local.at}:regional/managedruleset/*/*"]
  }
}
