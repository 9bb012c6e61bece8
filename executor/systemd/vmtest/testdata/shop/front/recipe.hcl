package {
  name    = "test/front"
  version = "1.0.0"
}
requires "mid" { service = "test/mid" }
port "http" {}
process "web" {
  command = ["/mnt/app"]
  env     = { PORT = port.http, LEDGER = "/srv/ledger", NAME = "front" }
}
health {
  startup {
    tcp     = port.http
    timeout = "120s"
  }
}
sandbox {
  read  = ["/mnt"]
  write = ["/srv"]
}
