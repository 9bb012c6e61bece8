package {
  name    = "test/mid"
  version = "1.0.0"
}
provides "test/mid" {
  version = "1.0.0"
  port    = port.http
}
port "http" {}
process "web" {
  command = ["/mnt/app"]
  env     = { PORT = port.http, LEDGER = "/srv/ledger", NAME = "mid" }
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
