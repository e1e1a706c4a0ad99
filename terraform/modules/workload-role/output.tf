output "arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn

  # What uses the role comes after what it may do, and goes before it.
  depends_on = [aws_iam_role_policy.this]
}

output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}
