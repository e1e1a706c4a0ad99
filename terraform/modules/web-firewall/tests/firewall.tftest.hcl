mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "marketboro-dev"
  load_balancer_arn = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/marketboro-dev-public/0123456789abcdef"
  rate_limit        = 300000
  exempt_addresses  = ["203.0.113.0/24"]
  generator_ip_set  = "marketboro-dev-load-generators"
  counted_rules     = ["SizeRestrictions_BODY"]
  log_days          = 30
}

run "rules" {
  assert {
    condition = { for rule in aws_wafv2_web_acl.this.rule : rule.name => rule.priority } == {
      exempt-addresses  = 0
      exempt-generators = 1
      rate-limit        = 10
      bad-reputation    = 20
      known-bad-inputs  = 30
      common-attacks    = 40
    }
    error_message = "Exempt addresses must be marked before anything is limited."
  }

  assert {
    condition = alltrue([
      for rule in aws_wafv2_web_acl.this.rule :
      length(rule.action[0].count) == 1 && length(rule.action[0].allow) == 0 && one(rule.rule_label).name == "exempt"
      if startswith(rule.name, "exempt-")
    ])
    error_message = "Exempt addresses must only be marked: the managed rules hold for them as well."
  }

  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].limit if rule.name == "rate-limit"]) == 300000
    error_message = "The rate limit must be the one asked for."
  }

  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].scope_down_statement[0].not_statement[0].statement[0].label_match_statement[0].key if rule.name == "rate-limit"]) == "exempt"
    error_message = "The rate limit must not hold for exempt addresses."
  }

  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].managed_rule_group_statement[0].rule_action_override[*].name if rule.name == "common-attacks"]) == ["SizeRestrictions_BODY"]
    error_message = "No other rules than those asked for may only count."
  }

  assert {
    condition     = aws_wafv2_web_acl_association.balancer.resource_arn == var.load_balancer_arn
    error_message = "The firewall must stand before the balancer."
  }

  assert {
    condition     = aws_wafv2_ip_set.exempt.addresses == toset(["203.0.113.0/24"]) && length(aws_wafv2_ip_set.generators.addresses) == 0
    error_message = "At first only the addresses asked for may be exempt."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.this[0].name, "aws-waf-logs-") && aws_cloudwatch_log_group.this[0].retention_in_days == 30
    error_message = "WAF must find a log group that it may write to."
  }
}

run "without_a_log" {
  variables {
    log_days = null
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 0 && length(aws_wafv2_web_acl_logging_configuration.this) == 0
    error_message = "Without log_days nothing must be logged."
  }
}
