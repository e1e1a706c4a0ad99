output "security_group_id" {
  description = "Security group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3, for egress rules."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}

output "dynamodb_prefix_list_id" {
  description = "Prefix list of DynamoDB, for egress rules."
  value       = aws_vpc_endpoint.dynamodb.prefix_list_id
}

output "addresses" {
  description = "Interface endpoints' addresses that are paid for: one for each service and zone."
  value       = length(flatten(values(local.zones_of)))
}

output "policies" {
  description = "What passes each endpoint (JSON), by service."
  value = merge(
    { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.policy },
    { s3 = aws_vpc_endpoint.s3.policy, dynamodb = aws_vpc_endpoint.dynamodb.policy },
  )
}
