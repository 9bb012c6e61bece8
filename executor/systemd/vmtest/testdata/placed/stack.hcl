stack "placed" {}

executor "acme/systemd" { source = "/mnt/executor-systemd" }

variable "word" {
  type    = string
  default = "one $HOME %h"
}
variable "fail" {
  type    = string
  default = ""
}
variable "password" {
  type      = string
  sensitive = true
}

app "front" {
  source = "./front"
  inputs = { word = var.word, fail = var.fail, password = var.password }
}
app "mid" { source = "./mid" }
app "eater" { source = "./eater" }
app "bounded" { source = "./bounded" }

output "url" { value = app.front.url }
