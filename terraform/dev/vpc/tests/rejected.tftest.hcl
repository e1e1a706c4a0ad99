# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

override_data {
  target = data.terraform_remote_state.back
  values = {
    outputs = {
      workload_boundary_arn = "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
    }
  }
}

run "public_addresses" {
  command = plan

  variables {
    vpc_cidr = "8.8.0.0/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "addresses_of_docker" {
  command = plan

  variables {
    vpc_cidr = "172.17.0.0/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "vpc_too_large" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.0/8"
  }

  expect_failures = [var.vpc_cidr]
}

run "vpc_too_small" {
  command = plan

  variables {
    vpc_cidr = "10.20.0.0/21"
  }

  expect_failures = [var.vpc_cidr]
}

run "vpc_from_the_middle_of_a_block" {
  command = plan

  variables {
    vpc_cidr = "10.20.5.0/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "vpc_without_prefix" {
  command = plan

  variables {
    vpc_cidr = "10.20.0.0"
  }

  expect_failures = [var.vpc_cidr]
}

run "vpc_of_version_6" {
  command = plan

  variables {
    vpc_cidr = "fd00::/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "one_zone" {
  command = plan

  variables {
    zone_count = 1
  }

  expect_failures = [var.zone_count]
}

run "four_zones" {
  command = plan

  variables {
    zone_count = 4
  }

  expect_failures = [var.zone_count]
}

run "fewer_names_than_zones" {
  command = plan

  variables {
    zone_count         = 3
    availability_zones = ["ap-northeast-2a", "ap-northeast-2c"]
  }

  expect_failures = [var.availability_zones]
}

run "zone_twice" {
  command = plan

  variables {
    availability_zones = ["ap-northeast-2a", "ap-northeast-2a"]
  }

  expect_failures = [var.availability_zones]
}

run "zone_of_another_region" {
  command = plan

  variables {
    availability_zones = ["us-east-1a", "us-east-1b"]
  }

  expect_failures = [var.availability_zones]
}

run "endpoint_without_policy" {
  command = plan

  variables {
    interface_endpoints = { "ecr.api" = "every-zone", "ecr.dkr" = "every-zone", "logs" = "every-zone", "rds" = "every-zone" }
  }

  expect_failures = [var.interface_endpoints]
}

run "endpoint_in_unknown_zones" {
  command = plan

  variables {
    interface_endpoints = { "ecr.api" = "every-zone", "ecr.dkr" = "every-zone", "logs" = "somewhere" }
  }

  expect_failures = [var.interface_endpoints]
}

run "endpoints_too_few_for_tasks" {
  command = plan

  variables {
    interface_endpoints = { "ecr.api" = "every-zone", "ecr.dkr" = "every-zone" }
  }

  expect_failures = [var.interface_endpoints]
}

run "unknown_traffic" {
  command = plan

  variables {
    flow_log_traffic = "SOME"
  }

  expect_failures = [var.flow_log_traffic]
}

run "unknown_retention" {
  command = plan

  variables {
    flow_log_retention_days = 31
  }

  expect_failures = [var.flow_log_retention_days]
}

run "unknown_environment" {
  command = plan

  variables {
    environment = "Production1"
  }

  expect_failures = [var.environment]
}

run "unknown_region" {
  command = plan

  variables {
    region = "Seoul"
  }

  expect_failures = [var.region]
}

run "unknown_bucket" {
  command = plan

  variables {
    state_bucket = "Not_A_Bucket"
  }

  expect_failures = [var.state_bucket]
}
