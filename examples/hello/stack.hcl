stack "hello" {}

# Two copies that hear each other over the bus, which the plan adds: nothing is downloaded.
app "hello" {
  source    = "./app"
  instances = 2
}

output "url" {
  description = "Where to say hello."
  value       = app.hello.url
}
