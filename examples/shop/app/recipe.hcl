package {
  name        = "acme/shop"
  version     = "1.0.0"
  description = "A small web shop: orders in SQL, prices from pricing and a cache, and a worker that hears of orders from the bus."
}

requires "database" {
  service = "sql"
  version = ">= 1.0"
}
requires "cache" { service = "redis" }
requires "events" { service = "bus" }
requires "pricing" {
  service = "acme/pricing"
  version = "~> 1.2"
}

input "theme" {
  type        = string
  default     = "light"
  description = "The colours of the pages."
  validation {
    condition     = contains(["light", "dark"], input.theme)
    error_message = "The theme is light or dark."
  }
}

port "web" {}

install {
  go_build "shop" { source = "." }
}

# What the requirements above stand for comes in environment variables: DATABASE_URL, CACHE_HOST, EVENTS_URL,
# PRICING_URL and so on. The same is in files, one per value, below the directory SERVICE_BINDING_ROOT.
step "migrate" {
  command  = [install.go_build.shop.executable, "migrate"]
  once_per = "version"
}

process "web" {
  kind    = "web"
  command = [install.go_build.shop.executable, "web"]
  env     = { SHOP_THEME = input.theme }
}

process "worker" {
  kind    = "worker"
  command = [install.go_build.shop.executable, "worker"]
}

health {
  startup {
    http    = "/healthz"
    timeout = "30s"
  }
  readiness {
    http              = "/ready"
    interval          = "2s"
    timeout           = "4s"
    failure_threshold = 5
  }
}

stop {
  signal = "SIGTERM"
  grace  = "15s"
}
