# Answers for tests that have the shape which the provider asks of such values elsewhere.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { region = "ap-northeast-2" }
}

mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_data "aws_route53_zone" {
  defaults = { zone_id = "Z0123456789ABCDEFGHIJ" }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:ap-northeast-2:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_validation_options = [
      {
        domain_name           = "www.marketboro.click"
        resource_record_name  = "_1.www.marketboro.click."
        resource_record_type  = "CNAME"
        resource_record_value = "_2.acm-validations.aws."
      },
      {
        domain_name           = "grafana.marketboro.click"
        resource_record_name  = "_1.grafana.marketboro.click."
        resource_record_type  = "CNAME"
        resource_record_value = "_2.acm-validations.aws."
      },
    ]
  }
}

mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/marketboro-dev-public/0123456789abcdef"
    arn_suffix = "app/marketboro-dev-public/0123456789abcdef"
    dns_name   = "marketboro-dev-public-0123456789.ap-northeast-2.elb.amazonaws.com"
    zone_id    = "ZWKZPGTI48KDX"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/marketboro-dev-service/0123456789abcdef"
    arn_suffix = "targetgroup/marketboro-dev-service/0123456789abcdef"
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:ap-northeast-2:123456789012:log-group:mock" }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    id  = "mock-bucket"
    arn = "arn:aws:s3:::mock-bucket"
  }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts" }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:ap-northeast-2:123456789012:regional/webacl/mock/0" }
}

mock_resource "aws_wafv2_ip_set" {
  defaults = { arn = "arn:aws:wafv2:ap-northeast-2:123456789012:regional/ipset/mock/0" }
}

mock_resource "aws_ecs_cluster" {
  defaults = {
    id  = "arn:aws:ecs:ap-northeast-2:123456789012:cluster/marketboro-dev"
    arn = "arn:aws:ecs:ap-northeast-2:123456789012:cluster/marketboro-dev"
  }
}

mock_resource "aws_ecs_task_definition" {
  defaults = { arn = "arn:aws:ecs:ap-northeast-2:123456789012:task-definition/mock:1" }
}
