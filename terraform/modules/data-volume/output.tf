output "id" {
  description = "ID of the volume."
  value       = aws_ebs_volume.this.id
}

output "tag" {
  description = "Tag that tells the volume from all others."
  value = {
    key   = var.tag_key
    value = aws_ebs_volume.this.tags[var.tag_key]
  }
}
