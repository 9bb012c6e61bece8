package {
  name        = "acme/theme"
  version     = "1.0.0"
  description = "Colours for pages."
}
