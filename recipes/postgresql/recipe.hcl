package {
  name        = "postgresql"
  version     = "15.0.0"
  coexist     = "major"
  description = "PostgreSQL from the packages of the machine's distribution, on the loopback address."
}

provides "sql" {
  version = "1.0.0"
  port    = port.sql
  scheme  = "postgres"
}

# At least: Debian 12 has 15, later distributions have later ones.
provides "postgresql" {
  version = "15.0.0"
  port    = port.sql
  scheme  = "postgres"
}

input "max_connections" {
  type        = number
  default     = 100
  description = "How many connections all consumers may have open together."
  validation {
    condition     = input.max_connections >= 5 && input.max_connections <= 10000 && floor(input.max_connections) == input.max_connections
    error_message = "PostgreSQL takes a whole number from 5 to 10000 connections."
  }
}

input "shared_buffers" {
  type        = string
  default     = "64MB"
  description = "Memory for the server's own cache, such as \"2GB\"; a quarter of the memory that the server may use is usual."
  validation {
    condition     = can(regex("^[1-9][0-9]*(kB|MB|GB)$", input.shared_buffers))
    error_message = "The memory is a number with a unit: kB, MB or GB."
  }
}

input "slow_query" {
  type        = string
  default     = "1s"
  description = "Statements that take longer are logged, without their values; \"-1\" for none."
  validation {
    condition     = can(regex("^(-1|[0-9]+(ms|s|min))$", input.slow_query))
    error_message = "The time is a number with a unit (ms, s or min), or -1."
  }
}

locals {
  cluster = "${instance.data}/cluster"
  # The directories of other architectures do not exist and are passed over.
  libraries = join(":", [for dir in [
    "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu",
  ] : "${install.deb.server.path}/${dir}"])
}

port "sql" {}

secret "admin" {}

install {
  deb "server" { packages = ["postgresql"] }
}

configure {
  # Read once, by initdb. It is a file because everybody can read a command line.
  file "password" {
    content = "${secret.admin}\n"
    mode    = "0400"
  }
  template "hba" {
    file   = "pg_hba.conf"
    source = "pg_hba.conf.tmpl"
  }
  template "server" {
    file   = "postgresql.conf"
    source = "postgresql.conf.tmpl"
    vars = {
      port            = port.sql
      hba_file        = configure.template.hba.path
      max_connections = input.max_connections
      shared_buffers  = input.shared_buffers
      slow_query      = input.slow_query
    }
  }
}

# initdb leaves half a cluster behind when it is killed. So it works beside the place, and only a whole cluster is
# moved there; a second attempt begins anew.
step "initdb" {
  command = ["/bin/sh", "-euc", <<-SCRIPT
    rm -rf "$CLUSTER.new"
    "$ROOT"/usr/lib/postgresql/*/bin/initdb -D "$CLUSTER.new" -U recipe --pwfile="$PWFILE" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-instructions
    mv "$CLUSTER.new" "$CLUSTER"
    SCRIPT
  ]
  creates = local.cluster
  env = {
    LD_LIBRARY_PATH = local.libraries
    ROOT            = install.deb.server.path
    CLUSTER         = local.cluster
    PWFILE          = configure.file.password.path
  }
}

# The shell only finds the one version that is there, and becomes the server.
process "server" {
  kind      = "worker"
  command   = ["/bin/sh", "-c", "exec \"$ROOT\"/usr/lib/postgresql/*/bin/postgres -D \"$CLUSTER\" -c config_file=\"$CONFIG\""]
  directory = instance.data
  env = {
    LD_LIBRARY_PATH = local.libraries
    ROOT            = install.deb.server.path
    CLUSTER         = local.cluster
    CONFIG          = configure.template.server.path
  }
}

# A login and a SELECT: a port that is open says too little while the server recovers.
health {
  startup {
    postgresql = { username = "recipe", password = secret.admin, database = "postgres" }
    port       = port.sql
    timeout    = "2m"
  }
  readiness {
    postgresql = { username = "recipe", password = secret.admin, database = "postgres" }
    port       = port.sql
    interval   = "5s"
    timeout    = "5s"
  }
  liveness {
    postgresql        = { username = "recipe", password = secret.admin, database = "postgres" }
    port              = port.sql
    interval          = "10s"
    timeout           = "10s"
    failure_threshold = 6
  }
}

# SIGINT closes the connections and writes everything down. SIGTERM would wait for consumers to leave by themselves.
stop {
  signal = "SIGINT"
  grace  = "30s"
}

# All databases of consumers, one after another, each as it was at one moment; roles without their passwords, which the
# bindings set.
backup {
  command = ["/bin/sh", "-euc", <<-SCRIPT
    bin=$(echo "$ROOT"/usr/lib/postgresql/*/bin)
    cd "$RECIPE_BACKUP"
    "$bin"/pg_dumpall --roles-only --no-role-passwords > roles.sql
    "$bin"/psql -XAtq -c "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'" > databases
    while read -r name; do
      "$bin"/psql -XAtq -c "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '$name'" > "$name.owner"
      "$bin"/pg_dump -Fc -f "$name.dump" "$name"
    done < databases
    SCRIPT
  ]
  env = {
    LD_LIBRARY_PATH = local.libraries
    ROOT            = install.deb.server.path
    PGHOST          = "127.0.0.1"
    PGPORT          = port.sql
    PGUSER          = "recipe"
    PGPASSWORD      = secret.admin
    PGDATABASE      = "postgres"
  }
}

# Each database is made anew beside the one of now and takes its place when it is whole; consumers connect again. Roles
# that are there already are told as errors, and stay.
restore {
  command = ["/bin/sh", "-euc", <<-SCRIPT
    bin=$(echo "$ROOT"/usr/lib/postgresql/*/bin)
    cd "$RECIPE_BACKUP"
    "$bin"/psql -Xq -f roles.sql > /dev/null 2>&1 || true
    sql() { "$bin"/psql -Xq -v ON_ERROR_STOP=1 "$@" < /dev/null; }
    while read -r name; do
      sql -c "DROP DATABASE IF EXISTS recipe_restore" -c "CREATE DATABASE recipe_restore TEMPLATE template0"
      "$bin"/pg_restore --exit-on-error -d recipe_restore "$name.dump"
      sql -c "DROP DATABASE IF EXISTS \"$name\" WITH (FORCE)" -c "ALTER DATABASE recipe_restore RENAME TO \"$name\"" \
        -c "ALTER DATABASE \"$name\" OWNER TO \"$(cat "$name.owner")\"" -c "REVOKE CONNECT ON DATABASE \"$name\" FROM PUBLIC"
    done < databases
    SCRIPT
  ]
}

bind {
  postgresql_database "consumer" {
    port           = port.sql
    admin_username = "recipe"
    admin_password = secret.admin
    database       = consumer.identifier
    username       = consumer.identifier
    password       = consumer.password
  }
  attributes = {
    type     = "postgresql"
    host     = consumer.host
    port     = consumer.port
    username = consumer.identifier
    password = consumer.password
    database = consumer.identifier
    uri      = "postgres://${consumer.identifier}:${consumer.password}@${consumer.host}:${consumer.port}/${consumer.identifier}?sslmode=disable"
  }
}
