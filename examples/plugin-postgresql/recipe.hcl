package {
  name        = "acme/postgresql"
  version     = "1.0.0"
  description = "Extensions in databases of PostgreSQL."
  kind        = "plugin"
  program = { # a line for each platform that publish.sh builds for
    "linux/amd64" = "bin/linux-amd64/postgresql"
  }
}
