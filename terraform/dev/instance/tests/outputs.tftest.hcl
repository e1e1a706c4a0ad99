# The three ways to be reached, and what later roots get.

mock_provider "aws" {
  source = "../../mocks"
}

# A web ACL takes Terraform minutes to mock; its module has a test of its own.
override_module {
  target = module.firewall
  outputs = {
    arn = "arn:aws:wafv2:ap-northeast-2:123456789012:regional/webacl/mock/0"
    generator_ip_set = {
      id    = "0"
      name  = "marketboro-dev-load-generators"
      arn   = "arn:aws:wafv2:ap-northeast-2:123456789012:regional/ipset/marketboro-dev-load-generators/0"
      scope = "REGIONAL"
    }
  }
}

override_data {
  target = data.terraform_remote_state.back
  values = {
    outputs = {
      key_arn               = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000000"
      repository_urls       = { service = "registry.example/service", loadgen = "registry.example/loadgen" }
      repository_arns       = { service = "arn:aws:ecr:ap-northeast-2:123456789012:repository/service", loadgen = "arn:aws:ecr:ap-northeast-2:123456789012:repository/loadgen" }
      workload_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    }
  }
}

override_data {
  target = data.terraform_remote_state.vpc
  values = {
    outputs = {
      vpc_id                      = "vpc-0"
      public_subnet_ids           = ["subnet-public-a", "subnet-public-b"]
      private_subnet_ids          = ["subnet-private-a", "subnet-private-b"]
      endpoints_security_group_id = "sg-endpoints"
      s3_prefix_list_id           = "pl-s3"
      dynamodb_prefix_list_id     = "pl-dynamodb"
    }
  }
}

override_data {
  target = data.terraform_remote_state.storage
  values = {
    outputs = {
      table_name = "marketboro-dev-items"
      table_arn  = "arn:aws:dynamodb:ap-northeast-2:123456789012:table/marketboro-dev-items"
    }
  }
}

run "https" {
  assert {
    condition     = output.service_url == "https://www.marketboro.click" && output.zone_name == "marketboro.click"
    error_message = "The service must answer at https://www.<zone>."
  }

  assert {
    condition     = output.certificate_arn != null
    error_message = "With HTTPS there must be a certificate."
  }

  assert {
    condition     = output.load_generator_subnet_ids == ["subnet-public-a", "subnet-public-b"]
    error_message = "Load generators must start in public subnets."
  }

  assert {
    condition     = output.cluster_name == "marketboro-dev" && output.service_name == "marketboro-dev-service" && output.load_generator_task_family == "marketboro-dev-loadgen"
    error_message = "Names must be those of module names, which the deploy role is made for."
  }

  assert {
    condition     = output.service_log_group == "/marketboro/dev/service"
    error_message = "The log group must be that of module names."
  }

  assert {
    condition     = length(data.aws_route53_zone.public) == 1 && data.aws_route53_zone.public[0].private_zone == false
    error_message = "The public zone must be looked up."
  }
}

run "http_with_a_record" {
  variables {
    http_only = true
  }

  assert {
    condition     = output.service_url == "http://www.marketboro.click" && output.certificate_arn == null
    error_message = "With http_only there must be no certificate, and the name may stay."
  }
}

run "http_without_a_record" {
  variables {
    http_only  = true
    www_record = false
  }

  assert {
    condition     = output.service_url == "http://${output.load_balancer_dns_name}"
    error_message = "Without a record the service must answer at the balancer's own name."
  }
}

run "http_without_a_zone" {
  variables {
    zone_name  = null
    http_only  = true
    www_record = false
  }

  assert {
    condition     = output.service_url == "http://${output.load_balancer_dns_name}" && output.zone_name == null
    error_message = "Without a zone the service must answer at the balancer's own name."
  }

  assert {
    condition     = length(data.aws_route53_zone.public) == 0
    error_message = "Without a zone none must be looked up."
  }
}
