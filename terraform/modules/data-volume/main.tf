# A disk that outlives the host it is attached to. The host finds it by its tag and attaches it itself, so that a
# replacement takes it over with nobody's help.

locals {
  tag_key = "MonitorData"
}

resource "aws_ebs_volume" "this" {
  #checkov:skip=CKV_AWS_189:a key of ours would need a grant for the Auto Scaling service's role; aws/ebs encrypts it
  availability_zone = var.availability_zone
  type              = "gp3"
  size              = var.size_gib
  iops              = var.iops
  throughput        = var.throughput
  snapshot_id       = var.snapshot_id
  encrypted         = true
  final_snapshot    = var.deletion_protection

  tags = {
    Name            = var.name
    (local.tag_key) = var.name
  }

  # The last snapshot is taken in this time.
  timeouts {
    delete = "60m"
  }

  lifecycle {
    # Says what a new volume begins with; a volume that is there stays.
    ignore_changes = [snapshot_id]
  }
}
