# A role that jobs of GitHub's workflows assume with the token that GitHub gives each job: no key is stored anywhere.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Whole subjects, no patterns: a pattern would let in branches and repositories that nobody thought of.
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [for subject in var.subjects : "repo:${var.repository}:${subject}"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = var.description
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.boundary_arn
  max_session_duration = var.max_session_seconds
}

# Managed policies, since all inline ones of a role together may be no longer than 10,240 characters.
resource "aws_iam_policy" "this" {
  for_each = var.policies

  name        = "${var.name}-${each.key}"
  description = "${var.description}: ${each.key}"
  policy      = each.value
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = aws_iam_policy.this

  role       = aws_iam_role.this.name
  policy_arn = each.value.arn
}
