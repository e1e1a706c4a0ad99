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
      key_arn = "arn:aws:kms:ap-northeast-2:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
}

run "unknown_billing_mode" {
  command = plan

  variables {
    billing_mode = "ON_DEMAND"
  }

  expect_failures = [var.billing_mode]
}

run "limit_of_nothing" {
  command = plan

  variables {
    on_demand_limit = { read = 0, write = 100 }
  }

  expect_failures = [var.on_demand_limit]
}

run "limit_of_a_fraction" {
  command = plan

  variables {
    on_demand_limit = { read = 100, write = 1.5 }
  }

  expect_failures = [var.on_demand_limit]
}

run "least_reads_above_most" {
  command = plan

  variables {
    read_capacity = { min = 10, max = 5 }
  }

  expect_failures = [var.read_capacity]
}

run "no_reads" {
  command = plan

  variables {
    read_capacity = { min = 0, max = 5 }
  }

  expect_failures = [var.read_capacity]
}

run "least_writes_above_most" {
  command = plan

  variables {
    write_capacity = { min = 10, max = 5 }
  }

  expect_failures = [var.write_capacity]
}

run "too_many_writes" {
  command = plan

  variables {
    write_capacity = { min = 1, max = 50000 }
  }

  expect_failures = [var.write_capacity]
}

run "utilisation_of_everything" {
  command = plan

  variables {
    target_utilisation = 100
  }

  expect_failures = [var.target_utilisation]
}

run "recovery_too_long" {
  command = plan

  variables {
    recovery_days = 36
  }

  expect_failures = [var.recovery_days]
}

run "recovery_of_nothing" {
  command = plan

  variables {
    recovery_days = 0
  }

  expect_failures = [var.recovery_days]
}

run "deleted_backups_gone_at_once" {
  command = plan

  variables {
    deleted_backup_days = 1
  }

  expect_failures = [var.deleted_backup_days]
}

run "unknown_environment" {
  command = plan

  variables {
    environment = "Production1"
  }

  expect_failures = [var.environment]
}

run "unknown_region" {
  command = plan

  variables {
    region = "Seoul"
  }

  expect_failures = [var.region]
}

run "unknown_bucket" {
  command = plan

  variables {
    state_bucket = "Not_A_Bucket"
  }

  expect_failures = [var.state_bucket]
}
