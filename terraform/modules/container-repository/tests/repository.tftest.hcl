variables {
  name = "marketboro-dev-service"
}

run "keeps_images_as_they_are" {
  assert {
    condition = (
      aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" &&
      aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push &&
      aws_ecr_repository.this.encryption_configuration[0].encryption_type == "AES256" &&
      aws_ecr_repository.this.force_delete == false
    )
    error_message = "Tags must be immutable, images scanned and encrypted, and the repository protected."
  }

  assert {
    condition = [
      for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : [rule.selection.tagStatus, rule.selection.countNumber]
    ] == [["untagged", 7], ["tagged", 30]]
    error_message = "What has no tag must go after a week, all but the last 30 others at once."
  }
}

run "lets_go_of_images_when_told" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_ecr_repository.this.force_delete
    error_message = "Without protection the repository must be destroyed with its images."
  }
}

run "rejects_capitals" {
  command = plan

  variables {
    name = "Service"
  }

  expect_failures = [var.name]
}

run "rejects_too_few_images" {
  command = plan

  variables {
    keep_images = 2
  }

  expect_failures = [var.keep_images]
}

run "rejects_no_days" {
  command = plan

  variables {
    untagged_days = 0
  }

  expect_failures = [var.untagged_days]
}
