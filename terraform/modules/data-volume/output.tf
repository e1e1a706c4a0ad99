output "id" {
  description = "ID of the volume."
  value       = aws_ebs_volume.this.id
}

output "tag" {
  description = "Tag that tells the volume from all others."
  value = {
    key   = local.tag_key
    value = aws_ebs_volume.this.tags[local.tag_key]
  }
}
