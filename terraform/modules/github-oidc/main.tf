# GitHub as an identity provider. An account has room for one, so a second environment, or a second project, adopts it.
# No thumbprints: IAM checks GitHub's certificate by its own store of authorities.

resource "aws_iam_openid_connect_provider" "this" {
  count = var.provider_arn == null ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
