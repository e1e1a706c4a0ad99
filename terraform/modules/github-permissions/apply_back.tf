# Root back, as far as a workflow may change it: the key's policy, the boundaries, GitHub's roles and their provider are
# an administrator's.

data "aws_iam_policy_document" "apply_back" {
  statement {
    sid = "Repositories"
    actions = [
      "ecr:CreateRepository",
      "ecr:DeleteLifecyclePolicy",
      "ecr:DeleteRepository",
      "ecr:PutImageScanningConfiguration",
      "ecr:PutImageTagMutability",
      "ecr:PutLifecyclePolicy",
      "ecr:TagResource",
      "ecr:UntagResource",
    ]
    resources = values(local.repositories)
  }

  statement {
    sid = "Key"
    actions = [
      "kms:EnableKeyRotation",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateKeyDescription",
    ]
    resources = [var.key_arn]
  }
}
