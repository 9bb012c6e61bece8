package {
  name        = "redis"
  version     = "7.0.0"
  coexist     = "major"
  description = "Redis 7 from the packages of the machine's distribution, on the loopback address, with a user for each consumer."
}

provides "redis" {
  version = "7.0.0"
  port    = port.redis
  scheme  = "redis"
}

input "maxmemory" {
  type        = string
  default     = "0"
  description = "Memory for the data, such as \"256mb\"; \"0\" for no limit."
  validation {
    condition     = can(regex("^(0|[1-9][0-9]*(kb|mb|gb))$", input.maxmemory))
    error_message = "The memory is a number with a unit (kb, mb or gb), or 0."
  }
}

input "maxmemory_policy" {
  type        = string
  default     = "noeviction"
  description = "What goes when the memory is full: \"noeviction\" refuses new data, \"allkeys-lru\" makes a cache of it."
  validation {
    condition = contains(["noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"], input.maxmemory_policy)
    error_message = "Redis knows noeviction, and allkeys- or volatile- with lru, lfu or random, and volatile-ttl."
  }
}

input "appendfsync" {
  type        = string
  default     = "everysec"
  description = "When written data is safe from a power cut: \"always\" at once, \"everysec\" after a second, \"no\" when the system likes."
  validation {
    condition     = contains(["always", "everysec", "no"], input.appendfsync)
    error_message = "Redis knows always, everysec and no."
  }
}

locals {
  users = "${instance.data}/users.acl"
  # The directories of other architectures do not exist and are passed over.
  libraries = join(":", [for dir in [
    "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu",
  ] : "${install.deb.server.path}/${dir}"])
}

port "redis" {}

secret "admin" {}

install {
  deb "server" { packages = ["redis-server"] }
}

configure {
  template "server" {
    file   = "redis.conf"
    source = "redis.conf.tmpl"
    vars = {
      port             = port.redis
      data             = instance.data
      users            = local.users
      maxmemory        = input.maxmemory
      maxmemory_policy = input.maxmemory_policy
      appendfsync      = input.appendfsync
    }
  }
  # The users of a new server. Redis knows passwords by their SHA-256, so no file has one in clear.
  template "users" {
    file   = "users.acl"
    source = "users.acl.tmpl"
    vars   = { admin = sha256(secret.admin) }
    mode   = "0400"
  }
}

# From now on the list of users is the server's own: ACL SAVE adds each consumer to it. So it is data and not
# configuration, and nothing here writes over it again. The move lets no half of it count as done.
step "users" {
  command = ["/bin/sh", "-euc", <<-SCRIPT
    umask 077
    cat "$INITIAL" > "$USERS.new"
    sync "$USERS.new"
    mv "$USERS.new" "$USERS"
    SCRIPT
  ]
  creates = local.users
  env = {
    INITIAL = configure.template.users.path
    USERS   = local.users
  }
}

process "server" {
  kind      = "worker"
  command   = ["${install.deb.server.path}/usr/bin/redis-server", configure.template.server.path]
  directory = instance.data
  env       = { LD_LIBRARY_PATH = local.libraries }
}

# A login and a PING: while it loads its data, Redis takes connections and answers errors.
health {
  startup {
    redis   = { username = "recipe", password = secret.admin }
    port    = port.redis
    timeout = "2m"
  }
  readiness {
    redis    = { username = "recipe", password = secret.admin }
    port     = port.redis
    interval = "2s"
    timeout  = "5s"
  }
  liveness {
    redis             = { username = "recipe", password = secret.admin }
    port              = port.redis
    interval          = "10s"
    timeout           = "10s"
    failure_threshold = 6
  }
}

# It saves its data before it goes.
stop {
  signal = "SIGTERM"
  grace  = "30s"
}

bind {
  redis_user "consumer" {
    port           = port.redis
    admin_username = "recipe"
    admin_password = secret.admin
    username       = consumer.identifier
    password       = consumer.password
    prefix         = "${consumer.identifier}:"
  }
  attributes = {
    host     = consumer.host
    port     = consumer.port
    username = consumer.identifier
    password = consumer.password
    prefix   = "${consumer.identifier}:"
    uri      = "redis://${consumer.identifier}:${consumer.password}@${consumer.host}:${consumer.port}/0"
  }
}
