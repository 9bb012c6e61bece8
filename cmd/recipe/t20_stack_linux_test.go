package main

const secretStack = `
stack "canary" {}
variable "token" {
  type      = string
  sensitive = true
}
variable "phrase" {
  type      = string
  sensitive = true
}
variable "key" {
  type      = string
  sensitive = true
}
variable "pin" {
  type      = number
  sensitive = true
  validation {
    condition     = var.pin > 9999
    error_message = "${var.pin} is too short."
  }
}
variable "keys" {
  type      = map(string)
  sensitive = true
}
variable "fail" {
  type    = string
  default = ""
}
app "web" {
  source = "./web"
  inputs = { token = var.token, phrase = var.phrase, key = var.key, pin = var.pin, keys = var.keys }
}
app "late" {
  source     = "./late"
  inputs     = { token = var.token, phrase = var.phrase, key = var.key, pin = var.pin, fail = var.fail }
  depends_on = [app.web]
}
app "stranger" { source = "./stranger" }
output "url" { value = app.web.url }
output "token" {
  value     = var.token
  sensitive = true
}
output "made" { value = { of = "phrase ${var.phrase}", keys = var.keys, pin = var.pin } }
`

const secretInputs = `
input "token" {
  type      = string
  sensitive = true
}
input "phrase" {
  type      = string
  sensitive = true
}
input "key" {
  type      = string
  sensitive = true
}
input "pin" {
  type      = number
  sensitive = true
}
`

const secretWeb = `
package {
  name    = "test/web"
  version = "1.0.0"
}
requires "events" { service = "bus" }
$REQUIRES
` + secretInputs + `
input "keys" {
  type      = map(string)
  sensitive = true
}
port "web" {}
secret "session" { length = 40 }
configure {
  file "settings" {
    content = jsonencode({ token = input.token, keys = input.keys, session = secret.session })
    mode    = "0400"
  }
}
step "prepare" {
  command = ["/bin/sh", "-c", "test -n \"$TOKEN\""]
  env     = { TOKEN = input.token, KEYED = urlencode(input.phrase) }
}
process "web" {
  command = ["$APP"]
  env = {
    NAME    = "web"
    TOKEN   = input.token
    PHRASE  = input.phrase
    KEY     = input.key
    PIN     = input.pin
    KEYS    = jsonencode(input.keys)
    SESSION = secret.session
    BASIC   = base64encode("user:${input.token}")
  }
}
`

// secretLate prints what it is given, and fails in the way that it is told to.
const secretLate = `
package {
  name    = "test/late"
  version = "$VERSION"
}
requires "events" { service = "bus" }
` + secretInputs + `
input "fail" { type = string }
port "web" {}
configure {
  file "note" {
    file    = input.fail == "provider" ? "note/${input.token}/../../../${input.phrase}" : "note"
    content = "for ${input.token}"
    mode    = "0400"
  }
}
step "prepare" {
  command  = ["/bin/sh", "-c", "env; test \"$FAIL\" != step"]
  once_per = "version"
  env      = { TOKEN = input.token, PHRASE = input.phrase, KEY = input.key, PIN = input.pin, FAIL = input.fail }
}
process "web" {
  command = ["$APP"]
  env = {
    NAME   = "late"
    TOKEN  = input.token
    LEDGER = "$SHARED/ledger"
    GATE   = "$SHARED/gate"
    FAIL   = input.fail == "process" ? "${input.key} ${input.pin} ${input.phrase}" : ""
  }
}
sandbox { write = ["$SHARED"] }
`

const secretStranger = `
package {
  name    = "test/stranger"
  version = "1.0.0"
}
port "web" {}
process "web" {
  command = ["$APP"]
  env     = { NAME = "stranger" }
}
`
