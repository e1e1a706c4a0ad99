# Passwords that the host reads, and the one token that it hands out.

data "aws_iam_policy_document" "secrets" {
  statement {
    sid       = "ReadParameters"
    actions   = ["ssm:GetParameter", "ssm:GetParameters"]
    resources = local.parameters
  }

  statement {
    sid       = "HandOutLoadGeneratorToken"
    actions   = ["ssm:PutParameter"]
    resources = [local.load_generator_token]
  }

  statement {
    sid       = "DecryptParameters"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ssm.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = local.parameters
    }
  }

  statement {
    sid       = "EncryptLoadGeneratorToken"
    actions   = ["kms:Encrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ssm.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = [local.load_generator_token]
    }
  }
}
