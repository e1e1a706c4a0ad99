# What people can get wrong, each refused before anything is made.

variables {
  github_repository = "example/marketboro"
}

run "environment_with_a_digit" {
  command = plan

  variables {
    environment = "dev2"
  }

  expect_failures = [var.environment]
}

run "environment_too_long_for_names_of_balancers" {
  command = plan

  variables {
    environment = "integration"
  }

  expect_failures = [var.environment]
}

run "zone_for_region" {
  command = plan

  variables {
    region = "ap-northeast-2a"
  }

  expect_failures = [var.region]
}

run "state_bucket_with_capitals" {
  command = plan

  variables {
    state_bucket = "Marketboro-State"
  }

  expect_failures = [var.state_bucket]
}

run "state_history_too_short" {
  command = plan

  variables {
    state_history_days = 7
  }

  expect_failures = [var.state_history_days]
}

run "repository_by_url" {
  command = plan

  variables {
    github_repository = "https://github.com/example/marketboro"
  }

  expect_failures = [var.github_repository]
}

run "repository_without_owner" {
  command = plan

  variables {
    github_repository = "marketboro"
  }

  expect_failures = [var.github_repository]
}

run "any_repository_of_an_owner" {
  command = plan

  variables {
    github_repository = "example/*"
  }

  expect_failures = [var.github_repository]
}

run "repository_with_a_subject" {
  command = plan

  variables {
    github_repository = "example/marketboro:pull_request"
  }

  expect_failures = [var.github_repository]
}

run "one_number_of_two" {
  command = plan

  variables {
    github_repository = "example@123/marketboro"
  }

  expect_failures = [var.github_repository]
}

run "provider_of_somebody_else" {
  command = plan

  variables {
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
  }

  expect_failures = [var.github_oidc_provider_arn]
}

run "zone_with_a_dot_at_its_end" {
  command = plan

  variables {
    zone_name = "marketboro.click."
  }

  expect_failures = [var.zone_name]
}

run "zone_of_all" {
  command = plan

  variables {
    zone_name = "*.click"
  }

  expect_failures = [var.zone_name]
}

run "too_few_images" {
  command = plan

  variables {
    keep_images = 1
  }

  expect_failures = [var.keep_images]
}

run "untagged_images_for_ever" {
  command = plan

  variables {
    untagged_image_days = 0
  }

  expect_failures = [var.untagged_image_days]
}
