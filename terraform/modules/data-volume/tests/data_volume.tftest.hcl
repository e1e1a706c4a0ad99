variables {
  name              = "marketboro-dev-monitor"
  availability_zone = "ap-northeast-2a"
  size_gib          = 50
  iops              = 3000
  throughput        = 125
  snapshot_count    = 14
  snapshot_time     = "18:00"
  snapshot_role     = "marketboro-dev-snapshots"
  boundary_arn      = "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
  alerts_topic_arn  = "arn:aws:sns:ap-northeast-2:123456789012:marketboro-dev-alerts"
}

run "volume" {
  command = plan

  assert {
    condition     = aws_ebs_volume.this.encrypted && aws_ebs_volume.this.type == "gp3"
    error_message = "The data volume must be encrypted gp3."
  }

  assert {
    condition     = aws_ebs_volume.this.tags.MonitorData == "marketboro-dev-monitor" && output.tag == { key = "MonitorData", value = "marketboro-dev-monitor" }
    error_message = "The host finds the volume by the tag MonitorData."
  }

  assert {
    condition     = aws_ebs_volume.this.final_snapshot
    error_message = "A volume that is destroyed must leave a last snapshot."
  }
}

run "without_protection" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = !aws_ebs_volume.this.final_snapshot
    error_message = "Without deletion_protection nothing must be left behind."
  }
}

run "snapshots" {
  command = plan

  assert {
    condition     = aws_dlm_lifecycle_policy.this.policy_details[0].target_tags == tomap({ MonitorData = "marketboro-dev-monitor" })
    error_message = "Snapshots must be of the data volume alone."
  }

  assert {
    condition     = aws_dlm_lifecycle_policy.this.policy_details[0].schedule[0].retain_rule[0].count == 14 && aws_dlm_lifecycle_policy.this.policy_details[0].schedule[0].create_rule[0].interval == 24
    error_message = "Snapshots must be daily, and as many as asked for."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.snapshots.json).Statement :
      statement.Resource != "*" || alltrue([for action in flatten([statement.Action]) : startswith(action, "ec2:Describe")])
    ])
    error_message = "Only reading may be allowed on every resource."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.snapshots.json).Statement :
      contains(keys(statement), "Condition") if contains(flatten([statement.Action]), "ec2:DeleteSnapshot")
    ])
    error_message = "Only snapshots with the volume's tag may be deleted."
  }
}

run "alarms" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.limit : alarm.alarm_actions == toset([var.alerts_topic_arn])])
    error_message = "Alarms must go to the topic."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.limit["iops"].threshold == 2700 && aws_cloudwatch_metric_alarm.limit["throughput"].threshold == 117964800
    error_message = "The alarms must be at 90 % of what was asked for."
  }
}
