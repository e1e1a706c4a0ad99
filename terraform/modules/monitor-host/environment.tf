# /etc/marketboro/monitor.env: what the image cannot know. No secret is in it: anybody who may read the launch template
# or the instance's user data reads this.

locals {
  # Settings of the program monitor: monitor/settings.example.env says what they mean.
  settings = {
    AWS_REGION           = data.aws_region.current.region
    MONITOR_SECRETS_FROM = "ssm:${var.parameter_path}"
    # With the key named: SSM's own is one that the generators may not use.
    MONITOR_LOADGEN_TOKEN_TO      = "ssm:${var.load_generator_token_parameter}"
    MONITOR_LOADGEN_TOKEN_KMS_KEY = var.key_arn
    MONITOR_BACKUP_TO             = "s3://${var.backup_bucket}/${local.backup_prefix}"
    ALERT_CONTACT_POINT           = "sns"
    ALERT_SNS_TOPIC_ARN           = var.alerts_topic_arn
    GRAFANA_ROOT_URL              = var.grafana_url
    GRAFANA_COOKIE_SECURE         = tostring(startswith(var.grafana_url, "https://"))
    # Without a listener people come through Session Manager, which ends on this host.
    GRAFANA_BIND = contains(keys(var.clients), "grafana") ? "0.0.0.0" : "127.0.0.1"
  }

  encryption = var.backup_public_key == null ? {} : {
    MONITOR_BACKUP_ENCRYPT_TO = var.backup_public_key
  }

  # For the host's units alone; README.md of this module says what they mean.
  unit_settings = {
    DATA_VOLUME_TAG_KEY   = var.data_volume_tag.key
    DATA_VOLUME_TAG_VALUE = var.data_volume_tag.value
    AUTO_SCALING_GROUP    = var.name
  }

  environment = merge(local.settings, local.encryption, local.unit_settings)

  user_data = join("\n", [
    "#cloud-config",
    yamlencode({
      write_files = [{
        path        = "/etc/marketboro/monitor.env"
        owner       = "root:root"
        permissions = "0644"
        content     = join("", [for name, value in local.environment : "${name}=${value}\n"])
      }]
    }),
  ])
}
