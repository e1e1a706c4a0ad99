output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr_block" {
  description = "Addresses of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "availability_zones" {
  description = "Zones of the subnets, in their order."
  value       = local.zones
}

output "public_subnet_ids" {
  description = "Subnets that reach the Internet, in the order of the zones."
  value       = aws_subnet.public[*].id
}

output "private_subnet_ids" {
  description = "Subnets that reach AWS alone, in the order of the zones."
  value       = aws_subnet.private[*].id
}

output "public_route_table_id" {
  description = "Route table of the public subnets."
  value       = aws_route_table.public.id
}

output "private_route_table_id" {
  description = "Route table of the private subnets."
  value       = aws_route_table.private.id
}

output "private_zone_id" {
  description = "Id of the private DNS zone."
  value       = aws_route53_zone.private.zone_id
}

output "private_zone_name" {
  description = "Name of the private DNS zone."
  value       = aws_route53_zone.private.name
}
