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

# The rules themselves are not looked at: Terraform takes minutes to hand a test the type of a web ACL.

run "exemption" {
  assert {
    condition     = max([for name in keys(local.exempt_sets) : local.priority[name]]...) < min([for name, priority in local.priority : priority if !contains(keys(local.exempt_sets), name)]...)
    error_message = "Exempt addresses must be marked before anything is limited."
  }

  assert {
    condition     = length(distinct(values(local.priority))) == length(local.priority)
    error_message = "No two rules may have one priority: WAF refuses that."
  }

  assert {
    condition     = aws_wafv2_web_acl_association.balancer.resource_arn == var.load_balancer_arn
    error_message = "The firewall must stand before the balancer."
  }

  assert {
    condition     = output.generator_ip_set.name == "marketboro-dev-load-generators" && output.generator_ip_set.scope == "REGIONAL"
    error_message = "The generators' IP set must be named as the load test's role expects."
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
