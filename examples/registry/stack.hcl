# Three packages of three publishers, none of them in this stack: they come from a registry, here a directory beside
# this file that publish.sh fills.
stack "registry" {
  registries = ["./packages"]
}

app "greeting" {
  package = "globex/greeting"
  version = "^1.0"
}

# The page says in its recipe that it needs the files of acme/theme and the service globex/greeting.
app "page" { package = "initech/page" }

output "url" {
  description = "Where the page is."
  value       = app.page.url
}
