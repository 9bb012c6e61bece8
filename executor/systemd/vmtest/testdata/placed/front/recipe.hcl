package {
  name    = "test/front"
  version = "1.0.0"
}
requires "mid" { service = "test/mid" }
input "word" { type = string }
input "fail" { type = string }
input "password" {
  type      = string
  sensitive = true
}
port "web" {}
process "web" {
  command = ["/mnt/app", input.word]
  env = {
    PORT     = port.web
    LEDGER   = "/srv/ledger"
    NAME     = "${input.word} of front"
    FAIL     = input.fail
    PASSWORD = input.password
    SPEAK    = "1s"
  }
}
health {
  startup {
    tcp     = port.web
    timeout = "120s"
  }
}
sandbox {
  read  = ["/mnt"]
  write = ["/srv"]
}
