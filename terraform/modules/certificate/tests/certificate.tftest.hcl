mock_provider "aws" {
  source = "../../mocks"
}

variables {
  domain_name = "www.marketboro.click"
  zone_id     = "Z0"
}

run "one_name" {
  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && aws_acm_certificate.this.domain_name == "www.marketboro.click"
    error_message = "The certificate must be validated by DNS, which renews it without anybody."
  }

  assert {
    condition     = keys(aws_route53_record.validation) == ["www.marketboro.click"] && aws_route53_record.validation["www.marketboro.click"].name == "_1.www.marketboro.click."
    error_message = "Each name must have the record that ACM asks for it, and no other."
  }
}

run "two_names" {
  variables {
    alternative_names = ["grafana.marketboro.click"]
  }

  assert {
    condition     = { for name, record in aws_route53_record.validation : name => record.name } == { "www.marketboro.click" = "_1.www.marketboro.click.", "grafana.marketboro.click" = "_1.grafana.marketboro.click." }
    error_message = "Each name must have the record that ACM asks for it."
  }
}
