mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name    = "marketboro-dev-alerts"
  key_arn = "arn:aws:kms:ap-northeast-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  emails  = []
}

run "topic" {
  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.key_arn
    error_message = "The topic must be encrypted with the environment's key: CloudWatch cannot use AWS's own."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.topic.statement : one(statement.principals).identifiers if statement.effect != "Deny"
    ] == [toset(["cloudwatch.amazonaws.com"])]
    error_message = "Nobody but CloudWatch may publish by the topic's policy."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.topic.statement : one(statement.condition).values if statement.sid == "AlarmsOfThisAccount"]) == tolist(["123456789012"])
    error_message = "Alarms of other accounts must not be let in."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "Nobody asked for e-mail."
  }
}

run "emails" {
  variables {
    emails = ["operations@example.com", "night@example.com"]
  }

  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.email : nonsensitive(subscription.endpoint)]) == toset(["operations@example.com", "night@example.com"])
    error_message = "Everybody who asked must be subscribed."
  }

  assert {
    condition     = alltrue([for key in keys(aws_sns_topic_subscription.email) : !strcontains(key, "@")])
    error_message = "No address may be part of a resource's name, which plans show."
  }
}
