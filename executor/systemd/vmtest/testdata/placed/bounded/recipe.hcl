package {
  name    = "test/bounded"
  version = "1.0.0"
}
process "main" {
  kind    = "worker"
  command = ["sleep", "1000000"]
  limits {
    pids   = 20
    cpu    = 0.25
    memory = "64MiB"
  }
}
