variable "name" {
  description = "What the tag Name of everything here begins with."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the endpoints."
  type        = string
}

variable "vpc_cidr_block" {
  description = "Addresses that may reach the interface endpoints."
  type        = string
}

variable "availability_zones" {
  description = "Zones of the private subnets, in their order."
  type        = list(string)
}

variable "private_subnet_ids" {
  description = "Where interface endpoints have their addresses; one that is in the first zone alone is in the first of them."
  type        = list(string)
}

variable "private_route_table_id" {
  description = "Route table of the private subnets."
  type        = string
}

variable "public_route_table_id" {
  description = "Route table of the public subnets."
  type        = string
}

variable "table_name" {
  description = "The DynamoDB table that may be reached, one of module names."
  type        = string
}

variable "interface" {
  description = "Services that get an interface endpoint, each with every-zone or first-zone."
  type        = map(string)

  validation {
    condition     = alltrue([for zones in values(var.interface) : contains(["every-zone", "first-zone"], zones)])
    error_message = "interface must give each service every-zone or first-zone."
  }
}
