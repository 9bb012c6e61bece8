# The contracts of the services in the box: what a consumer may use, whoever implements the service.

contract "http" {
  version = "1.1"
  attribute "host" { type = string }
  attribute "port" { type = number }
  attribute "uri" { type = string }
}

contract "sql" {
  version = "1.0"
  attribute "type" {
    type     = string
    optional = true # the dialect: postgresql, mysql
  }
  attribute "host" { type = string }
  attribute "port" { type = number }
  attribute "uri" {
    type      = string
    sensitive = true
  }
  attribute "username" {
    type     = string
    optional = true
  }
  attribute "password" {
    type      = string
    sensitive = true
    optional  = true
  }
  attribute "database" {
    type     = string
    optional = true
  }
}

contract "postgresql" {
  version = "15.0"
  attribute "type" {
    type     = string
    optional = true
  }
  attribute "host" { type = string }
  attribute "port" { type = number }
  attribute "uri" {
    type      = string
    sensitive = true
  }
  attribute "username" { type = string }
  attribute "password" {
    type      = string
    sensitive = true
  }
  attribute "database" { type = string }
}

contract "redis" {
  version = "7.0"
  attribute "host" { type = string }
  attribute "port" { type = number }
  attribute "uri" {
    type      = string
    sensitive = true
  }
  attribute "username" {
    type     = string
    optional = true
  }
  attribute "password" {
    type      = string
    sensitive = true
    optional  = true
  }
  attribute "prefix" {
    type     = string
    optional = true # what the consumer's keys have to begin with
  }
}

contract "bus" {
  version = "1.0"
  attribute "type" {
    type     = string
    optional = true # the protocol: nats
  }
  attribute "host" { type = string }
  attribute "port" { type = number }
  attribute "uri" {
    type      = string
    sensitive = true
  }
  attribute "username" {
    type     = string
    optional = true
  }
  attribute "password" {
    type      = string
    sensitive = true
    optional  = true
  }
}

contract "amqp" {
  version = "0.9.1"
  attribute "host" { type = string }
  attribute "port" { type = number }
  attribute "uri" {
    type      = string
    sensitive = true
  }
  attribute "username" { type = string }
  attribute "password" {
    type      = string
    sensitive = true
  }
  attribute "vhost" { type = string }
}
