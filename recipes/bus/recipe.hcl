package {
  name        = "bus"
  version     = "1.0.0"
  description = "The message bus in the box: NATS with JetStream, inside the program recipe itself. Nothing is downloaded."
}

provides "bus" {
  version = "1.0.0"
  port    = port.bus
  scheme  = "nats"
}

port "bus" {}

secret "admin" {}

# The port comes as PORT. The password is in the environment, because everybody can read a command line.
process "server" {
  kind      = "worker"
  command   = [agent.executable, "bus"]
  directory = instance.data
  env = {
    RECIPE_BUS_DIR      = instance.data
    RECIPE_BUS_USERNAME = "recipe"
    RECIPE_BUS_PASSWORD = secret.admin
  }
}

health {
  startup {
    nats    = { username = "recipe", password = secret.admin }
    port    = port.bus
    timeout = "1m"
  }
  readiness {
    nats     = { username = "recipe", password = secret.admin }
    port     = port.bus
    interval = "2s"
    timeout  = "5s"
  }
  liveness {
    nats              = { username = "recipe", password = secret.admin }
    port              = port.bus
    interval          = "10s"
    timeout           = "10s"
    failure_threshold = 6
  }
}

stop {
  signal = "SIGTERM"
  grace  = "15s"
}

# All consumers share one space of subjects: what one app publishes another one can receive.
bind {
  bus_user "consumer" {
    directory = instance.data
    username  = consumer.identifier
    password  = consumer.password
  }
  attributes = {
    type     = "nats"
    host     = consumer.host
    port     = consumer.port
    username = consumer.identifier
    password = consumer.password
    uri      = "nats://${consumer.identifier}:${consumer.password}@${consumer.host}:${consumer.port}"
  }
}
