package {
  name        = "acme/pricing"
  version     = "1.2.0"
  description = "What things cost: GET /price?item=NAME."
}

provides "acme/pricing" {
  version = "1.2.0"
  port    = port.web
}

port "web" {}

install {
  go_build "pricing" { source = "." }
}

process "web" {
  kind    = "web"
  command = [install.go_build.pricing.executable]
}

health {
  startup {
    http    = "/healthz"
    timeout = "30s"
  }
  readiness {
    http     = "/healthz"
    interval = "2s"
  }
}
