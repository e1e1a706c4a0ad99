resource "aws_wafv2_ip_set" "exempt" {
  name               = "${var.name}-exempt"
  description        = "Addresses that may send as much as they like"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = var.exempt_addresses
}

resource "aws_wafv2_ip_set" "generators" {
  name               = var.generator_ip_set
  description        = "Addresses of load generators, for as long as they run"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = []

  # Whoever starts generators puts theirs in, and takes them out.
  lifecycle {
    ignore_changes = [addresses]
  }
}
