package {
  name        = "initech/page"
  version     = "1.0.0"
  description = "A page with a greeting."
}

depends "acme/theme" { version = "^1.0" }

requires "greeting" {
  service = "globex/greeting"
  version = "^1.0"
}

provides "http" {
  version = "1.1"
  port    = port.web
}

port "web" {}

process "web" {
  command = ["python3", "${package.path}/page.py"]
  env     = { STYLE = "${package["acme/theme"].path}/style.css" }
}
