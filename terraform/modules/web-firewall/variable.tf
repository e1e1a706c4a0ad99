variable "name" {
  description = "Name of the web ACL and what the names of its parts begin with."
  type        = string
}

variable "load_balancer_arn" {
  description = "The balancer that it stands before."
  type        = string
}

variable "rate_limit" {
  description = "Requests that one address may send in five minutes."
  type        = number
}

variable "exempt_addresses" {
  description = "IPv4 networks that the rate limit does not hold for."
  type        = set(string)
}

variable "generator_ip_set" {
  description = "Name of the set of addresses that load generators are put into."
  type        = string
}

variable "counted_rules" {
  description = "Rules of AWSManagedRulesCommonRuleSet that count what they match instead of blocking it."
  type        = set(string)
}

variable "log_days" {
  description = "Days for which blocked requests are logged; null for no log."
  type        = number
}
