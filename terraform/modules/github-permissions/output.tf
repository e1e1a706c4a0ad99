output "plan" {
  description = "Policies of the role that plans, by name."
  value = {
    refresh = data.aws_iam_policy_document.refresh.minified_json
    state   = data.aws_iam_policy_document.read_state.minified_json
    no-data = data.aws_iam_policy_document.no_data.minified_json
  }
}

output "apply" {
  description = "Policies of the role that applies, by name."
  value = {
    refresh = data.aws_iam_policy_document.refresh.minified_json
    state   = data.aws_iam_policy_document.write_state.minified_json
    back    = data.aws_iam_policy_document.apply_back.minified_json
    network = data.aws_iam_policy_document.apply_network.minified_json
    storage = data.aws_iam_policy_document.apply_storage.minified_json
    service = data.aws_iam_policy_document.apply_service.minified_json
    edge    = data.aws_iam_policy_document.apply_edge.minified_json
    monitor = data.aws_iam_policy_document.apply_monitor.minified_json
    roles   = data.aws_iam_policy_document.apply_roles.minified_json
  }
}

output "deploy" {
  description = "Policies of the role that deploys the service, by name."
  value = {
    deploy = data.aws_iam_policy_document.deploy.minified_json
  }
}

output "image" {
  description = "Policies of the role that builds the monitor host's image, by name."
  value = {
    build   = data.aws_iam_policy_document.image_build.minified_json
    monitor = data.aws_iam_policy_document.image_monitor.minified_json
  }
}

output "loadtest" {
  description = "Policies of the role that runs load tests, by name."
  value = {
    loadtest = data.aws_iam_policy_document.loadtest.minified_json
  }
}
