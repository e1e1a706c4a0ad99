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

run "as_it_is" {
  assert {
    condition     = length(output.public_subnet_ids) == 2 && length(output.private_subnet_ids) == 2 && output.availability_zones == tolist(["ap-northeast-2a", "ap-northeast-2b"])
    error_message = "Two zones must have a public and a private subnet each."
  }

  assert {
    condition     = output.vpc_cidr_block == "10.20.0.0/16"
    error_message = "The addresses must be those of vpc_cidr."
  }

  assert {
    condition     = output.private_zone_name == "dev.marketboro.internal" && output.private_zone_id != ""
    error_message = "The private zone must have the name that the roots after this one use."
  }

  assert {
    condition     = alltrue([for id in [output.vpc_id, output.endpoints_security_group_id, output.s3_prefix_list_id, output.dynamodb_prefix_list_id] : id != ""])
    error_message = "Later roots need the ids of the VPC, of the endpoints' group and of both prefix lists."
  }

  assert {
    condition     = toset(keys(module.endpoints.policies)) == toset(["autoscaling", "dynamodb", "ec2", "ecr.api", "ecr.dkr", "logs", "monitoring", "s3", "sns", "ssm", "ssmmessages"])
    error_message = "There must be endpoints for what runs here, and no more."
  }

  assert {
    condition     = module.endpoints.addresses == 13
    error_message = "13 addresses of interface endpoints is what docs/aws.md gives the price of."
  }

  assert {
    condition     = strcontains(module.endpoints.policies["dynamodb"], "table/marketboro-dev-items\"")
    error_message = "The items' table must be what is reached."
  }

  assert {
    condition     = module.flow_logs.log_group == "/marketboro/dev/flow-logs"
    error_message = "Flow logs must go to the log group of module names."
  }
}

run "three_zones" {
  variables {
    zone_count = 3
  }

  assert {
    condition     = length(output.public_subnet_ids) == 3 && length(output.private_subnet_ids) == 3 && module.endpoints.addresses == 17
    error_message = "A third zone must have subnets and the endpoints that are in every zone."
  }
}

run "zones_by_name" {
  command = plan

  variables {
    availability_zones = ["ap-northeast-2a", "ap-northeast-2c"]
  }

  assert {
    condition     = output.availability_zones == tolist(["ap-northeast-2a", "ap-northeast-2c"])
    error_message = "Zones must be the ones that were named."
  }
}
