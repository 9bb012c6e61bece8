package {
  name        = "acme/hello"
  version     = "1.0.0"
  description = "Says hello to all instances of itself, over the bus."
}

requires "events" { service = "bus" }

port "web" {}

install {
  go_build "hello" { source = "." }
}

process "web" {
  kind    = "web"
  command = [install.go_build.hello.executable]
}

health {
  startup {
    http    = "/healthz"
    timeout = "30s"
  }
  readiness {
    http     = "/ready"
    interval = "2s"
  }
}
