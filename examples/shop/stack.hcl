stack "shop" {}

variable "instances" {
  type        = number
  default     = 2
  description = "How many copies of the shop run."
  validation {
    condition     = var.instances > 0
    error_message = "The shop needs at least one instance."
  }
}

variable "theme" {
  type        = string
  default     = "light"
  description = "The colours of the shop: \"light\" or \"dark\"."
}

app "pricing" { source = "./pricing" }

# The shop says in its recipe what it needs: pricing is the app above. Nobody here offers sql, redis and bus, so the
# plan adds the ones in the box.
app "shop" {
  source    = "./app"
  instances = var.instances
  inputs    = { theme = var.theme }
}

output "url" {
  description = "Where the shop is."
  value       = app.shop.url
}
