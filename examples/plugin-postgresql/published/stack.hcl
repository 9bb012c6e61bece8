# The stack of ../stack with the plugin from a registry, here the directory that ../publish.sh fills.
stack "extended" {
  registries = ["../packages"]
}

uses_provider "acme/postgresql" { version = "~> 1.0" }

app "search" {
  source = "../stack/app"
}
