run "makes_the_provider" {
  assert {
    condition = (
      aws_iam_openid_connect_provider.this[0].url == "https://token.actions.githubusercontent.com" &&
      aws_iam_openid_connect_provider.this[0].client_id_list == toset(["sts.amazonaws.com"]) &&
      output.arn == aws_iam_openid_connect_provider.this[0].arn
    )
    error_message = "The provider must be GitHub's, for AWS STS alone."
  }
}

run "adopts_one_that_is_there" {
  variables {
    provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0 && output.arn == var.provider_arn
    error_message = "An account has room for one provider: none may be made."
  }
}

run "rejects_another_provider" {
  command = plan

  variables {
    provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com"
  }

  expect_failures = [var.provider_arn]
}
