terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "marketboro"
      Environment = var.environment
      Root        = "storage"
      ManagedBy   = "terraform"
    }
  }
}
