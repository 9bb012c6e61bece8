# go build -o bin/postgresql ./examples/plugin-postgresql
# recipe apply examples/plugin-postgresql/stack

stack "extended" {}

uses_provider "acme/postgresql" {
  source = "../../../bin/postgresql"
}

app "search" {
  source = "./app"
}
