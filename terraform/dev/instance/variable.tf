variable "environment" {
  description = "Name of the environment, part of every name: 2 to 10 lower-case letters."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z]{2,10}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters, such as dev or prod."
  }
}

variable "region" {
  description = "AWS region of everything; backend.tf says it as well."
  type        = string
  default     = "ap-northeast-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as ap-northeast-2."
  }
}

variable "state_bucket" {
  description = "Bucket of the states; backend.tf says it as well."
  type        = string
  default     = "marketboro-dev-terraform-state"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of an S3 bucket: 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "deletion_protection" {
  description = "Refuse to destroy what holds data or answers users. To destroy an environment, apply once with false, then destroy."
  type        = bool
  default     = true
}

# Names and certificates

variable "zone_name" {
  description = "Public Route 53 zone, which exists already, of www.<zone> and grafana.<zone>; null for none, which takes http_only."
  type        = string
  default     = "marketboro.click"

  validation {
    condition     = var.zone_name == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.zone_name))
    error_message = "zone_name must be a domain in lower case without a dot at its end, such as marketboro.click, or null."
  }

  validation {
    condition     = var.zone_name != null || var.http_only
    error_message = "zone_name may be null only with http_only = true: a certificate is for a name in a zone, such as marketboro.click."
  }
}

variable "http_only" {
  description = "Serve plain HTTP, for an account without a certificate. Grafana has no listener then: it is reached through Session Manager."
  type        = bool
  default     = false
}

variable "www_record" {
  description = "Make the record www.<zone>."
  type        = bool
  default     = true

  validation {
    condition     = !var.www_record || var.zone_name != null
    error_message = "www_record must be false where zone_name is null: there is no zone to make www.<zone> in."
  }
}

variable "grafana_record" {
  description = "Make the record grafana.<zone>, and have the certificate hold for it."
  type        = bool
  default     = false

  validation {
    condition     = !var.grafana_record || (var.zone_name != null && !var.http_only)
    error_message = "grafana_record may be true only with a zone_name and without http_only, where Grafana has no listener."
  }
}

variable "tls_policy" {
  description = "ELB security policy of the HTTPS listener: TLS 1.2 or 1.3 with forward secrecy."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-[23]-((Res-)?(FIPS-)?(PQ-)?)?20[0-9]{2}-[0-9]{2}$", var.tls_policy))
    error_message = "tls_policy must be an ELB policy of TLS 1.2 or newer, such as ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 or ELBSecurityPolicy-TLS13-1-2-2021-06."
  }
}

variable "access_log_days" {
  description = "Days for which the balancer's access logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.access_log_days >= 1 && floor(var.access_log_days) == var.access_log_days
    error_message = "access_log_days must be a whole number of days, 1 or more, such as 90."
  }
}

# The web firewall

variable "rate_limit" {
  description = "Requests that one address may send in five minutes before it is blocked. The default is a mean of 1000 per second."
  type        = number
  default     = 300000

  validation {
    condition     = var.rate_limit >= 10 && var.rate_limit <= 2000000000 && floor(var.rate_limit) == var.rate_limit
    error_message = "rate_limit must be a whole number from 10 to 2000000000, such as 300000."
  }
}

variable "rate_limit_exempt" {
  description = "IPv4 networks that the rate limit does not hold for, such as an office's."
  type        = set(string)
  default     = []

  validation {
    condition = alltrue([
      for network in var.rate_limit_exempt :
      can(regex("^[0-9.]+/[0-9]+$", network)) && can(cidrhost(network, 0)) && !endswith(network, "/0")
    ])
    error_message = "rate_limit_exempt must hold IPv4 networks smaller than the whole internet, such as 203.0.113.0/24 or 203.0.113.7/32."
  }
}

variable "counted_rules" {
  description = "Rules of AWSManagedRulesCommonRuleSet that only count. By default those that are stricter than the service, which takes ids of 2 KiB in paths and cursors, bodies of 64 KiB, and names of any characters, since it answers nothing but JSON. Grafana behind the same balancer needs them to count as well, for its queries."
  type        = set(string)
  default     = ["SizeRestrictions_URIPATH", "SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY", "CrossSiteScripting_BODY"]

  validation {
    condition     = alltrue([for rule in var.counted_rules : can(regex("^[A-Za-z0-9]+(_[A-Z0-9]+)+$", rule))])
    error_message = "counted_rules must hold names of rules of AWSManagedRulesCommonRuleSet, such as SizeRestrictions_BODY."
  }
}

variable "firewall_log_days" {
  description = "Days for which requests that the firewall blocked are logged; null for no log."
  type        = number
  default     = 30

  validation {
    condition     = var.firewall_log_days == null || contains(local.log_days, coalesce(var.firewall_log_days, 0))
    error_message = "firewall_log_days must be a period that CloudWatch Logs has, such as 7, 30, 90 or 365, or null."
  }
}

# The service

variable "cpu_architecture" {
  description = "Processor of the service and of load generators, as their images are built for: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture must be ARM64 or X86_64."
  }
}

variable "service_cpu" {
  description = "CPU units of a task of the service, 1024 for a core."
  type        = number
  default     = 512

  validation {
    condition     = contains(keys(local.fargate_memory), tostring(var.service_cpu))
    error_message = "service_cpu must be 256, 512, 1024, 2048, 4096, 8192 or 16384, what Fargate has."
  }
}

variable "service_memory" {
  description = "Memory of a task of the service in MiB."
  type        = number
  default     = 1024

  validation {
    condition     = contains(lookup(local.fargate_memory, tostring(var.service_cpu), [var.service_memory]), var.service_memory)
    error_message = "service_memory must be an amount that Fargate has with service_cpu, such as 1024 with 512; with ${var.service_cpu}: ${join(", ", lookup(local.fargate_memory, tostring(var.service_cpu), []))}."
  }
}

variable "service_environment" {
  description = "Further environment variables of the service, such as MAX_IN_FLIGHT. No secrets: those belong into service_secrets."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.service_environment) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "service_environment must have names of environment variables, such as MAX_IN_FLIGHT."
  }
}

variable "service_secrets" {
  description = "Environment variables of the service whose values are in SSM, encrypted with the environment's key: the parameter's name by variable."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for name, parameter in var.service_secrets :
      can(regex("^[A-Z][A-Z0-9_]*$", name)) && can(regex("^/marketboro/${var.environment}/service/[A-Za-z0-9_.-]+$", parameter))
    ])
    error_message = "service_secrets must map variables to parameters below /marketboro/<environment>/service/, such as OTEL_EXPORTER_OTLP_HEADERS = \"/marketboro/dev/service/otlp-headers\"."
  }
}

variable "min_count" {
  description = "Tasks of the service at least: two, so that a zone may fail."
  type        = number
  default     = 2

  validation {
    condition     = var.min_count >= 1 && floor(var.min_count) == var.min_count
    error_message = "min_count must be a whole number of tasks, 1 or more, such as 2."
  }
}

variable "max_count" {
  description = "Tasks of the service at most."
  type        = number
  default     = 10

  validation {
    condition     = var.max_count >= var.min_count && floor(var.max_count) == var.max_count
    error_message = "max_count must be a whole number of tasks, not below min_count, such as 10."
  }
}

variable "desired_count" {
  description = "Tasks of the service at first; scaling decides afterwards."
  type        = number
  default     = 2

  validation {
    condition     = var.desired_count >= var.min_count && var.desired_count <= var.max_count && floor(var.desired_count) == var.desired_count
    error_message = "desired_count must be a whole number from min_count to max_count, such as 2."
  }
}

variable "scale_at_cpu_percent" {
  description = "CPU utilisation that scaling keeps tasks at."
  type        = number
  default     = 60

  validation {
    condition     = var.scale_at_cpu_percent >= 10 && var.scale_at_cpu_percent <= 90
    error_message = "scale_at_cpu_percent must be from 10 to 90, such as 60."
  }
}

variable "scale_at_requests_per_minute" {
  description = "Requests per minute and task that scaling keeps tasks at. The default is 500 per second."
  type        = number
  default     = 30000

  validation {
    condition     = var.scale_at_requests_per_minute >= 1
    error_message = "scale_at_requests_per_minute must be 1 or more, such as 30000."
  }
}

variable "container_insights" {
  description = "What CloudWatch gets of ECS besides CPU and memory: enabled is all that dashboards and alarms need, enhanced adds figures of each task at a higher price."
  type        = string
  default     = "enabled"

  validation {
    condition     = contains(["enabled", "enhanced"], var.container_insights)
    error_message = "container_insights must be enabled or enhanced."
  }
}

variable "log_days" {
  description = "Days for which logs of the service and of load generators are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains(local.log_days, var.log_days)
    error_message = "log_days must be a period that CloudWatch Logs has, such as 7, 30, 90 or 365."
  }
}

# Load generators

variable "load_generator_cpu" {
  description = "CPU units of a load generator, 1024 for a core."
  type        = number
  default     = 1024

  validation {
    condition     = contains(keys(local.fargate_memory), tostring(var.load_generator_cpu))
    error_message = "load_generator_cpu must be 256, 512, 1024, 2048, 4096, 8192 or 16384, what Fargate has."
  }
}

variable "load_generator_memory" {
  description = "Memory of a load generator in MiB."
  type        = number
  default     = 2048

  validation {
    condition     = contains(lookup(local.fargate_memory, tostring(var.load_generator_cpu), [var.load_generator_memory]), var.load_generator_memory)
    error_message = "load_generator_memory must be an amount that Fargate has with load_generator_cpu, such as 2048 with 1024; with ${var.load_generator_cpu}: ${join(", ", lookup(local.fargate_memory, tostring(var.load_generator_cpu), []))}."
  }
}

variable "results_days" {
  description = "Days for which results of load tests are kept."
  type        = number
  default     = 365

  validation {
    condition     = var.results_days >= 1 && floor(var.results_days) == var.results_days
    error_message = "results_days must be a whole number of days, 1 or more, such as 365."
  }
}

# Alarms

variable "alert_emails" {
  description = "Addresses that get alarms by e-mail; each gets a message first and has to agree. Belongs into a file *.auto.tfvars."
  type        = set(string)
  default     = []
  sensitive   = true

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", address))])
    error_message = "alert_emails must hold e-mail addresses, such as operations@example.com."
  }
}

variable "alert_error_percent" {
  description = "Share of 5xx from which on an alarm is raised, in percent."
  type        = number
  default     = 5

  validation {
    condition     = var.alert_error_percent > 0 && var.alert_error_percent < 100
    error_message = "alert_error_percent must be more than 0 and less than 100, such as 5."
  }
}

variable "alert_latency_seconds" {
  description = "99th percentile of latency from which on an alarm is raised, in seconds."
  type        = number
  default     = 1

  validation {
    condition     = var.alert_latency_seconds > 0
    error_message = "alert_latency_seconds must be more than 0, such as 1 or 0.25."
  }
}
