package {
  name    = "test/eater"
  version = "1.0.0"
}
process "main" {
  kind    = "worker"
  command = ["sh", "-c", "while ! test -e /srv/signs/food-$(id -un); do sleep 0.3; done; exec tail /dev/zero"]
  limits {
    memory = "32MiB"
  }
}
sandbox {
  read = ["/srv"]
}
