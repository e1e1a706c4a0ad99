# Run with the provider's double (tools/terraform-provider). With the real provider these credentials reach nothing.
provider "aws" {
  region     = "ap-northeast-2"
  access_key = "none"
  secret_key = "none"
}

variables {
  name                   = "marketboro-test"
  vpc_id                 = "vpc-0123456789abcdef0"
  vpc_cidr_block         = "10.20.0.0/16"
  availability_zones     = ["ap-northeast-2a", "ap-northeast-2b"]
  private_subnet_ids     = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
  private_route_table_id = "rtb-0000000000000000a"
  public_route_table_id  = "rtb-0000000000000000b"
  table_name             = "marketboro-test-items"

  interface = {
    "ecr.api"        = "every-zone"
    "ecr.dkr"        = "every-zone"
    "logs"           = "every-zone"
    "ssm"            = "every-zone"
    "ssmmessages"    = "first-zone"
    "ec2messages"    = "first-zone"
    "monitoring"     = "first-zone"
    "ec2"            = "first-zone"
    "autoscaling"    = "first-zone"
    "sns"            = "first-zone"
    "sts"            = "first-zone"
    "secretsmanager" = "first-zone"
  }
}

run "interface_endpoints_take_this_account_alone" {
  assert {
    condition     = toset(keys(output.policies)) == toset(concat(keys(var.interface), ["s3", "dynamodb"]))
    error_message = "Every endpoint must have a policy."
  }

  assert {
    condition = alltrue(flatten([
      for service in keys(var.interface) : [
        for statement in jsondecode(output.policies[service]).Statement :
        statement.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
      ]
    ]))
    error_message = "Identities of other accounts must not pass an interface endpoint."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(output.policies) : [
        for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "Policies of endpoints must name each action."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(output.policies) : [for statement in jsondecode(policy).Statement : statement.Effect == "Allow"]
    ]))
    error_message = "Policies of endpoints must only allow: whatever else is refused anyway."
  }
}

run "writes_are_bound_to_this_account" {
  assert {
    condition = alltrue(flatten([
      for service in ["ecr.api", "ecr.dkr", "logs", "ssm", "ec2", "autoscaling", "sns", "secretsmanager"] : [
        for statement in jsondecode(output.policies[service]).Statement :
        alltrue([for resource in flatten([statement.Resource]) : strcontains(resource, ":123456789012:")])
        if length(setintersection(flatten([statement.Action]), [
          "autoscaling:SetInstanceHealth", "ec2:AttachVolume", "ec2:DetachVolume", "ecr:BatchGetImage", "logs:PutLogEvents",
          "secretsmanager:GetSecretValue", "sns:Publish", "ssm:GetParameters", "ssm:PutParameter",
        ])) > 0
      ]
    ]))
    error_message = "What reads secrets and images or changes anything must be bound to this account's resources."
  }
}

run "gateway_endpoints" {
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.dynamodb.vpc_endpoint_type == "Gateway"
    error_message = "S3 and DynamoDB must be reached by gateway endpoints, which are free."
  }

  assert {
    condition     = aws_vpc_endpoint.dynamodb.route_table_ids == toset([var.private_route_table_id])
    error_message = "DynamoDB must be reached from private subnets."
  }

  assert {
    condition     = contains(aws_vpc_endpoint.s3.route_table_ids, var.private_route_table_id)
    error_message = "S3 must be reached from private subnets: images of tasks lie there."
  }

  assert {
    condition = [for statement in jsondecode(output.policies["dynamodb"]).Statement : statement.Resource] == [
      "arn:aws:dynamodb:ap-northeast-2:123456789012:table/marketboro-test-items",
    ]
    error_message = "The one table alone must be reached."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.policies["s3"]).Statement :
      statement.Resource == "*"
      ? statement.Condition.StringEquals["aws:ResourceAccount"] == "123456789012" && statement.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
      : statement.Action == "s3:GetObject"
    ])
    error_message = "Beyond this account's buckets, objects may be read only, and only from the buckets that are named."
  }

  assert {
    condition = alltrue([
      for bucket in [
        for statement in jsondecode(output.policies["s3"]).Statement : statement.Resource if statement.Resource != "*"
      ][0] : can(regex("^arn:aws:s3:::(prod-ap-northeast-2-starport-layer-bucket|(amazon|aws)-ssm-ap-northeast-2)/\\*$", bucket))
    ])
    error_message = "The named buckets must be those of ECR's layers and of the agent of Systems Manager in this region."
  }
}

run "addresses" {
  assert {
    condition = alltrue([
      for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.security_group_ids == toset([aws_security_group.endpoints.id])
    ])
    error_message = "Interface endpoints must answer to the services' own names, behind their security group."
  }

  assert {
    condition     = aws_vpc_endpoint.interface["ecr.dkr"].subnet_ids == toset(var.private_subnet_ids) && aws_vpc_endpoint.interface["ec2"].subnet_ids == toset(["subnet-0000000000000000a"])
    error_message = "What tasks need must be in every zone, what the monitor host alone needs in the first."
  }

  assert {
    condition     = output.addresses == 16
    error_message = "Four services in two zones and eight in one make 16 addresses to pay for."
  }
}

run "only_https_from_the_vpc" {
  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.https.cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.https.ip_protocol == "tcp" &&
      aws_vpc_security_group_ingress_rule.https.from_port == 443 && aws_vpc_security_group_ingress_rule.https.to_port == 443
    )
    error_message = "Endpoints must take HTTPS from the VPC alone."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.https.security_group_id == aws_security_group.endpoints.id
    error_message = "The rule must be that of the endpoints' group."
  }
}

run "zone_without_the_service" {
  command = plan

  override_data {
    target = data.aws_vpc_endpoint_service.interface["ecr.api"]
    values = {
      availability_zones = ["ap-northeast-2a", "ap-northeast-2c"]
      service_name       = "com.amazonaws.ap-northeast-2.ecr.api"
    }
  }

  expect_failures = [aws_vpc_endpoint.interface["ecr.api"]]
}
