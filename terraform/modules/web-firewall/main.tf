# AWS WAF in front of the balancer: what is known to be bad is blocked, and who sends too much from one address.

locals {
  # Sources that neither their number of requests nor the fame of their addresses counts against.
  exempt_label = "exempt"
  exempt_sets = {
    "exempt-addresses"  = aws_wafv2_ip_set.exempt.arn
    "exempt-generators" = aws_wafv2_ip_set.generators.arn
  }

  # Whoever is exempt must be marked before anything is limited.
  priority = {
    exempt-addresses  = 0
    exempt-generators = 1
    rate-limit        = 10
    bad-reputation    = 20
    known-bad-inputs  = 30
    common-attacks    = 40
  }
}

resource "aws_wafv2_web_acl" "this" {
  name        = var.name
  description = "In front of the public balancer"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  # Counting only marks the request: the managed rules still look at it.
  dynamic "rule" {
    for_each = local.exempt_sets

    content {
      name     = rule.key
      priority = local.priority[rule.key]

      action {
        count {}
      }

      statement {
        ip_set_reference_statement {
          arn = rule.value
        }
      }

      rule_label {
        name = local.exempt_label
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = false
      }
    }
  }

  rule {
    name     = "rate-limit"
    priority = local.priority["rate-limit"]

    action {
      block {
        custom_response {
          response_code            = 429
          custom_response_body_key = "rate-limit"
        }
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.rate_limit
        evaluation_window_sec = 300

        scope_down_statement {
          not_statement {
            statement {
              label_match_statement {
                scope = "LABEL"
                key   = local.exempt_label
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate-limit"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "bad-reputation"
    priority = local.priority["bad-reputation"]

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"

        # Tasks get addresses that others have had before.
        scope_down_statement {
          not_statement {
            statement {
              label_match_statement {
                scope = "LABEL"
                key   = local.exempt_label
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "bad-reputation"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "known-bad-inputs"
    priority = local.priority["known-bad-inputs"]

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "known-bad-inputs"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "common-attacks"
    priority = local.priority["common-attacks"]

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"

        dynamic "rule_action_override" {
          for_each = var.counted_rules

          content {
            name = rule_action_override.value

            action_to_use {
              count {}
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common-attacks"
      sampled_requests_enabled   = true
    }
  }

  custom_response_body {
    key          = "rate-limit"
    content_type = "APPLICATION_JSON"
    content      = jsonencode({ error = "Too many requests from your address; send fewer and try again in a few minutes" })
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "balancer" {
  resource_arn = var.load_balancer_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}
