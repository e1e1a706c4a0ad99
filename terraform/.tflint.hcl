plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Our files are called variable.tf and output.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}
