# The machine image of the monitor host.
#
#   ami/payload ami/.payload
#   packer init ami
#   packer build -var region=eu-central-1 -var payload=ami/.payload -var source_commit="$(git rev-parse HEAD)" ami

packer {
  required_version = ">= 1.11.0"

  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "= 1.8.2"
    }
  }
}

locals {
  time = formatdate("YYYYMMDD'T'hhmmss'Z'", timestamp())
  # Terraform's module monitor-host looks images up by this name.
  name = "marketboro-monitor-${var.architecture}-${local.time}"

  debian_architecture = { arm64 = "arm64", x86_64 = "amd64" }[var.architecture]
  instance_type       = { arm64 = "t4g.medium", x86_64 = "t3.medium" }[var.architecture]

  payload = jsondecode(file("${var.payload}/payload.json"))

  # What the role of image builds may make and change bears these: output image_build_tags of module names. No
  # Environment among them: the image is of all environments.
  build_tags = {
    Project = "marketboro"
    Purpose = "image-build"
  }

  image_tags = merge(local.build_tags, {
    Name       = local.name
    Commit     = var.source_commit
    BaseImage  = "{{ .SourceAMIName }}"
    BaseId     = "{{ .SourceAMI }}"
    Monitor    = local.payload.programs.monitor
    Loadgen    = local.payload.programs.loadgen
    Containers = join(" ", [for name in keys(local.payload.images) : name])
  })
}

source "amazon-ebs" "monitor" {
  region          = var.region
  ami_name        = local.name
  ami_description = "marketboro monitor host, ${substr(var.source_commit, 0, 12)}"
  instance_type   = local.instance_type
  subnet_id       = var.subnet_id

  # Debian's own account.
  source_ami_filter {
    most_recent = true
    owners      = ["136693071363"]
    filters = {
      name                = "debian-13-${local.debian_architecture}-*"
      architecture        = var.architecture
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
  }

  # Encrypted from the beginning, so nothing has to be copied afterwards. Terraform makes root disks of hosts larger.
  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = 12
    encrypted             = true
    delete_on_termination = true
  }

  imds_support = "v2.0"
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # A key and a group for this build alone, open to the builder's address; and no role.
  communicator                              = "ssh"
  ssh_username                              = "admin"
  ssh_clear_authorized_keys                 = true
  temporary_key_pair_type                   = "ed25519"
  temporary_security_group_source_public_ip = true
  associate_public_ip_address               = true
  ssh_timeout                               = "10m"
  shutdown_behavior                         = "terminate"

  run_tags        = merge(local.build_tags, { Name = "${local.name}-build" })
  run_volume_tags = merge(local.build_tags, { Name = "${local.name}-build" })
  tags            = local.image_tags
  snapshot_tags   = local.image_tags

  # Shared with nobody: each account builds its own. Deprecated, not deregistered: a host that is lost must come back.
  deprecate_at = timeadd(timestamp(), var.deprecate_after)

  aws_polling {
    delay_seconds = 15
    max_attempts  = 120
  }
}

build {
  name    = "monitor"
  sources = ["source.amazon-ebs.monitor"]

  provisioner "shell-local" {
    inline = [
      "test \"$(jq -r .architecture ${var.payload}/payload.json)\" = ${var.architecture} || { echo 'The payload is of another architecture.' >&2; exit 1; }",
      "test \"$(jq -r .commit ${var.payload}/payload.json)\" = ${var.source_commit} || { echo 'The payload is of another commit, or of files that were changed.' >&2; exit 1; }",
    ]
  }

  provisioner "shell" {
    inline = ["sudo install -d -m 0700 -o admin /opt/payload"]
  }

  provisioner "file" {
    source      = "${var.payload}/"
    destination = "/opt/payload"
  }

  provisioner "shell" {
    inline = ["sudo find /opt/payload/provision -name '[1-5]*.sh' | sort | while read -r script; do echo \"== $${script##*/}\"; sudo PAYLOAD=/opt/payload \"$script\" || exit; done"]
    # The packages may bring a new kernel; the image boots it, this machine need not.
    timeout = "20m"
  }

  # The last: what is made from here on would be in the image unseen. The user that Packer came as is gone afterwards.
  provisioner "shell" {
    inline = [
      "sudo PAYLOAD=/opt/payload BASE_IMAGE='${build.SourceAMIName} ${build.SourceAMI}' sh -c '/opt/payload/provision/90-clean.sh && /usr/local/lib/marketboro/verify --image'",
    ]
    skip_clean = true
    timeout    = "10m"
  }

  post-processor "manifest" {
    output     = "${path.root}/manifest.json"
    strip_path = true
    custom_data = {
      commit       = var.source_commit
      architecture = var.architecture
      name         = local.name
    }
  }
}
