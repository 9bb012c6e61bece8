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

input "sync" {
  type        = bool
  default     = false
  description = "With backups: a commit is acknowledged when every backup has it on disk too, so that none is lost with the primary. Writes wait while a backup is away."
}

input "max_lag" {
  type        = number
  default     = 64
  description = "Of a backup: how many megabytes of the primary's log it may have to replay yet and still take over."
  validation {
    condition     = input.max_lag >= 1 && floor(input.max_lag) == input.max_lag
    error_message = "The lag is a whole number of megabytes, 1 or more."
  }
}

locals {
  cluster = "${instance.data}/cluster"
  max_lag = input.max_lag * 1024 * 1024
  # All of them by name: which of them are backups changes.
  standbys = join(", ", [for i in range(component.instances + component.backups) : "recipe_${i}"])
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
  # The administrator's, for initdb and for backups that copy from the primary: a command line or an environment would show it to more.
  file "passwords" {
    content = "*:*:*:recipe:${secret.admin}\n"
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
      synchronous     = input.sync && component.backups > 0 ? "FIRST ${component.backups} (${local.standbys})" : ""
    }
  }
}

# initdb leaves half a cluster behind when it is killed. So it works beside the place, and only a whole cluster is
# moved there; a second attempt begins anew. What begins as a backup has no use for one, and gets its cluster by copying.
step "initdb" {
  command = ["/bin/sh", "-euc", <<-SCRIPT
    rm -rf "$CLUSTER.new"
    cut -d: -f5- "$PGPASSFILE" | "$ROOT"/usr/lib/postgresql/*/bin/initdb -D "$CLUSTER.new" -U recipe --pwfile=/dev/stdin -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-instructions
    mv "$CLUSTER.new" "$CLUSTER"
    SCRIPT
  ]
  creates = instance.index < component.instances ? local.cluster : instance.data
  env = {
    LD_LIBRARY_PATH = local.libraries
    ROOT            = install.deb.server.path
    CLUSTER         = local.cluster
    PGPASSFILE      = configure.file.passwords.path
  }
}

# The shell finds the one version that is there, and becomes the server. A backup is copied from the primary first, unless it
# holds a part of what that has, and the primary still has the log that follows: after the place where the backup was last for
# certain. The copy takes the place of what was there when it is whole.
#
# "era" has a token for each promotion that this cluster comes from, the last one last; copies take it along. "followed" is the
# token of the last primary that it is known to fit. Another token may mean the same primary, started again: then their eras
# are the same.
#
# A former primary goes back to where the primary of now took over, and follows from there: what pg_rewind copies are the blocks
# that it has changed since. It would take two promotions from one place for the same, which get the same number of a timeline;
# so the former primary's last promotion has to be among the eras of the primary of now. A standby may have followed somebody
# who is not among its own eras, and is copied. What pg_rewind has not finished is of no use: "rewinding" is there until it has.
#
# A server that lost its power leaves a file with its number. After the boot another process of the same user may have that
# number, and the server would take it for one that has its cluster, and not start.
#
# PRIMARY_PORT leads to whoever is primary, so a backup that runs follows a new one by itself.
process "server" {
  kind = "worker"
  command = ["/bin/sh", "-euc", <<-SCRIPT
    bin=$(echo "$ROOT"/usr/lib/postgresql/*/bin)
    boot=$(cat /proc/sys/kernel/random/boot_id || echo unknown)
    if [ "$(cat boot 2> /dev/null)" != "$boot" ]; then
      rm -f "$CLUSTER/postmaster.pid"
      echo "$boot" > boot
    fi
    if [ -e rewinding ] && [ "$${RECIPE_ROLE:-}" != backup ]; then
      echo "These data are half those of another primary, which was to be followed: they cannot be served." >&2
      exit 1
    fi
    if [ -z "$${RECIPE_ROLE:-}" ]; then
      exec "$bin"/postgres -D "$CLUSTER" -c config_file="$CONFIG"
    fi
    ask() { "$bin"/psql -XAtq -h 127.0.0.1 -p "$PRIMARY_PORT" -U recipe -w -d postgres -c "$1"; }
    eras() { until ask "SELECT pg_read_file('era', 0, 1000000, true)"; do sleep 0.2; done; }
    fits() {
      [ "$(cat "$CLUSTER/followed")" != "$RECIPE_TOKEN" ] || return 0
      [ "$(eras)" = "$(cat "$CLUSTER/era" 2> /dev/null)" ] || return 1
      echo "$RECIPE_TOKEN" > "$CLUSTER/followed"
    }
    lacks() { # whether the primary has no longer the log of a place; if it is away, that shows later
      [ t = "$(ask "SELECT substr(pg_walfile_name('$1'), 9) <
        (SELECT min(substr(name, 9)) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')")" ]
    }
    follows() {
      [ -e "$CLUSTER/standby.signal" ] && fits || return 1
      at=$("$bin"/pg_controldata "$CLUSTER" | sed -n 's/^Minimum recovery ending location: *//p')
      [ "$at" = 0/0 ] || ! lacks "$at"
    }
    rewind() { LC_ALL=C "$bin"/pg_rewind -D "$CLUSTER" --source-server="host=127.0.0.1 port=$PRIMARY_PORT user=recipe dbname=postgres" "$@" 2>&1; }
    rewinds() {
      [ -e "$CLUSTER/global/pg_control" ] && [ ! -e "$CLUSTER/standby.signal" ] && [ ! -e rewinding ] || return 1
      theirs=$(eras)
      last=$(tail -n 1 "$CLUSTER/era" 2> /dev/null || true) # of the first primary there is none
      [ -z "$last" ] || echo "$theirs" | grep -Fqx "$last" || return 1
      until ask CHECKPOINT; do sleep 0.2; done # after it the primary tells the number of its timeline
      touch rewinding && sync . || return 1
      # pg_rewind would recover it too, and the last checkpoint of both may go with the old log that this removes.
      "$bin"/postgres --single -F -D "$CLUSTER" -c config_file="$CONFIG" -c wal_keep_size=2147483647 template1 < /dev/null || return 1
      from=$(rewind --dry-run | sed -n 's/.*last common checkpoint at \([^ ]*\).*/\1/p')
      [ -z "$from" ] || ! lacks "$from" || return 1
      rewind || return 1
      echo "$theirs" > "$CLUSTER/era" && echo "$RECIPE_TOKEN" > "$CLUSTER/followed" && touch "$CLUSTER/standby.signal" && sync && rm rewinding
    }
    copies() {
      while rm -rf "$CLUSTER.new"; ! "$bin"/pg_basebackup -h 127.0.0.1 -p "$PRIMARY_PORT" -U recipe -w -D "$CLUSTER.new" -X stream -c fast; do
        sleep 0.2
      done
      touch "$CLUSTER.new/standby.signal"
      echo "$RECIPE_TOKEN" > "$CLUSTER.new/followed"
      sync
      rm -rf "$CLUSTER"
      mv "$CLUSTER.new" "$CLUSTER"
      rm -f rewinding
    }
    if [ "$RECIPE_ROLE" = backup ] && ! follows; then
      if rewinds; then
        echo "This former primary has gone back to where the primary of now took over, and follows it." >&2
      else
        echo "This backup does not follow the primary of now: it becomes a copy of it." >&2
        copies
      fi
    fi
    exec "$bin"/postgres -D "$CLUSTER" -c config_file="$CONFIG" \
      -c primary_conninfo="host=127.0.0.1 port=$PRIMARY_PORT user=recipe passfile='$PGPASSFILE' application_name=recipe_$RECIPE_INSTANCE"
    SCRIPT
  ]
  directory = instance.data
  env = {
    LD_LIBRARY_PATH = local.libraries
    ROOT            = install.deb.server.path
    CLUSTER         = local.cluster
    CONFIG          = configure.template.server.path
    PGPASSFILE      = configure.file.passwords.path
    # The primary may be away: then the server starts without asking it.
    PGCONNECT_TIMEOUT = "5"
  }
}

# Without the file the server is no standby any more: an agent that was killed has come so far. Whoever copied from the primary
# before is of other eras from now on.
promote {
  command = ["/bin/sh", "-euc", <<-SCRIPT
    [ -e "$CLUSTER/standby.signal" ] || exit 0
    grep -Fqx "$RECIPE_TOKEN" "$CLUSTER/era" 2> /dev/null || echo "$RECIPE_TOKEN" >> "$CLUSTER/era"
    sync "$CLUSTER/era" "$CLUSTER"
    exec "$ROOT"/usr/lib/postgresql/*/bin/pg_ctl promote -D "$CLUSTER" -w -t 25
    SCRIPT
  ]
}

# A login and a SELECT: a port that is open says too little while the server recovers. A backup is able to take over when it
# follows the primary and is not far behind. One that is cut off from a primary which works is started again.
health {
  startup {
    postgresql = { username = "recipe", password = secret.admin, database = "postgres", max_lag = local.max_lag }
    port       = port.sql
    timeout    = "10m" # of a backup with the copy
  }
  readiness {
    postgresql = { username = "recipe", password = secret.admin, database = "postgres", max_lag = local.max_lag }
    port       = port.sql
    interval   = "5s"
    timeout    = "5s"
  }
  liveness {
    postgresql        = { username = "recipe", password = secret.admin, database = "postgres", follows = true }
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
    PGPORT="$${PRIMARY_PORT:-$PGPORT}" # with backups, that of whoever is primary now
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
    PGPORT="$${PRIMARY_PORT:-$PGPORT}" # with backups, that of whoever is primary now
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
