variables {
  github_repository = "example/marketboro"
}

run "makes_what_other_roots_and_workflows_read" {
  assert {
    condition     = toset(keys(output.role_arns)) == toset(["plan", "apply", "deploy", "image", "loadtest"])
    error_message = "There must be a role for each workflow."
  }

  assert {
    condition     = toset(keys(output.repository_urls)) == toset(["service", "loadgen"]) && keys(output.repository_urls) == keys(output.repository_arns)
    error_message = "There must be a repository for each image."
  }

  assert {
    condition     = output.state_bucket == "marketboro-dev-terraform-state" && output.lock_table == "marketboro-dev-terraform-lock"
    error_message = "The bucket and the table must be those that backend.tf names."
  }

  assert {
    condition     = output.workload_boundary_arn == "arn:aws:iam::123456789012:policy/marketboro-dev-workload-boundary"
    error_message = "Roles name the boundary before it is made, so its name must be what they think."
  }

  assert {
    condition     = local.github_roles.apply.subjects == ["environment:dev"] && local.github_roles.apply.boundary == module.boundaries.deployer_arn
    error_message = "Whoever applies must have been approved of, and be under the deployer boundary."
  }

  assert {
    condition     = local.github_roles.plan.subjects == ["pull_request", "ref:refs/heads/main"]
    error_message = "Pull requests and main are planned, and nothing else."
  }

  assert {
    condition     = alltrue([for role in ["deploy", "image", "loadtest"] : local.github_roles[role].subjects == ["ref:refs/heads/main", "environment:dev"]])
    error_message = "No pull request may deploy, build or load."
  }
}

run "another_environment_has_other_names" {
  command = plan

  variables {
    environment  = "prod"
    state_bucket = "marketboro-prod-terraform-state"
  }

  assert {
    condition     = local.github_roles.apply.subjects == ["environment:prod"]
    error_message = "The environment of GitHub must be that of Terraform."
  }
}
