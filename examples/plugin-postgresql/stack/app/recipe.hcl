package {
  name        = "test/search"
  version     = "1.0.0"
  description = "An app whose database has an extension."
}

requires "database" { service = "postgresql" }

configure {
  postgresql_extension "similarity" {
    url  = binding.database.uri
    name = "pg_trgm"
  }
}
