package {
  name        = "globex/greeting"
  version     = "1.0.0"
  description = "Says hello."
}

provides "globex/greeting" {
  version = "1.0"
  port    = port.web
}

input "greeting" {
  type    = string
  default = "Hello from a package of globex"
}

port "web" {}

process "web" {
  command = ["python3", "${package.path}/greeting.py"]
  env     = { GREETING = input.greeting }
}
