output "vpc_id" {
  description = "Id of the VPC."
  value       = module.network.vpc_id
}

output "vpc_cidr_block" {
  description = "Addresses of the VPC."
  value       = module.network.vpc_cidr_block
}

output "availability_zones" {
  description = "Zones of the subnets, in their order."
  value       = module.network.availability_zones
}

output "public_subnet_ids" {
  description = "Subnets that reach the Internet, in the order of the zones."
  value       = module.network.public_subnet_ids
}

output "private_subnet_ids" {
  description = "Subnets that reach AWS alone, in the order of the zones."
  value       = module.network.private_subnet_ids
}

output "endpoints_security_group_id" {
  description = "Security group of the interface endpoints: where HTTPS must be let out to."
  value       = module.endpoints.security_group_id
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3, for egress rules."
  value       = module.endpoints.s3_prefix_list_id
}

output "dynamodb_prefix_list_id" {
  description = "Prefix list of DynamoDB, for egress rules."
  value       = module.endpoints.dynamodb_prefix_list_id
}

output "private_zone_id" {
  description = "Id of the private DNS zone."
  value       = module.network.private_zone_id
}

output "private_zone_name" {
  description = "Name of the private DNS zone."
  value       = module.network.private_zone_name
}
