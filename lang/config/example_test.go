package config

import (
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
)

// shop is the stack of the product description, less what this version does not know yet.
const shop = `
stack "shop" {
  requires_recipe = ">= 0.1"
}

variable "instances" {
  type    = number
  default = 2
  validation {
    condition     = var.instances > 0
    error_message = "The shop needs at least one instance."
  }
}

locals {
  theme = "dark"
}

middleware "main" {
  package = "postgresql"
  version = "~> 15.0"
  inputs  = { max_connections = 50 }
}

app "pricing" {
  package   = "acme/pricing"
  version   = ">= 1.0, < 2.0"
  instances = 2
}

app "shop" {
  source    = "./shop"
  instances = var.instances
  inputs    = { theme = local.theme }
  bind "database" { to = middleware.main }
  port "web" { number = 8080 }
  depends_on = [app.pricing]
}

app "each" {
  source   = "./shop"
  for_each = toset(["eu", "us"])
  inputs   = { theme = each.key }
  bind "pricing" { to = app.shop[each.key] }
}

output "url" { value = app.shop.url }
`

// shopRecipe is the recipe of the product description, less what this version does not know yet, and a bind block.
const shopRecipe = `
package {
  name        = "acme/shop"
  version     = "2.1.3"
  description = "The web shop."
}

depends "acme/theme" { version = "^1.4" }

requires "database" {
  service = "sql"
  version = ">= 1.0"
}
requires "cache" { service = "redis" }

provides "http" {
  version = "1.1"
  port    = port.web
}

input "theme" {
  type    = string
  default = "light"
}

locals {
  app = "${package.path}/app"
}

port "web" {}
secret "admin" { length = 16 }

install {
  npm "modules" { directory = local.app }
}

configure {
  template "config" {
    source = "shop.json.tmpl"
    vars   = { theme = input.theme, base = package["acme/theme"].path }
  }
}

step "migrate" {
  command  = ["node", "migrate.js"]
  once_per = "version"
}

process "web" {
  kind    = "web"
  command = ["node", "server.js"]
  env     = { CONFIG = configure.template.config.path, DATABASE = binding.database.uri }
}

health {
  startup {
    http    = "/healthz"
    timeout = "30s"
  }
  readiness {
    http              = "/ready"
    interval          = "2s"
    failure_threshold = 3
  }
}

stop {
  signal = "SIGTERM"
  grace  = "10s"
}

bind {
  file "user" { content = consumer.password }
  attributes = { username = consumer.identifier, file = bind.file.user.path }
}
`

func loadText(text string) (*Stack, hcl.Diagnostics) {
	return Load(fstest.MapFS{"stack.hcl": {Data: []byte(text)}}, "stack.hcl")
}

func loadRecipeText(text string) (*Recipe, hcl.Diagnostics) {
	return LoadRecipe(fstest.MapFS{"shop/recipe.hcl": {Data: []byte(text)}}, "shop")
}

func TestLoadStack(t *testing.T) {
	s, diags := loadText(shop)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(s.Components) != 4 || s.Name != "shop" {
		t.Fatalf("got %q with %d components", s.Name, len(s.Components))
	}
	c := s.Components[2]
	if c.Block.String() != "app.shop" || c.Source != "./shop" || c.Ports["web"] == nil || c.DependsOn[0].Component.String() != "app.pricing" {
		t.Errorf("app.shop is %+v", c)
	}
	if refs := s.References(c.Binds["database"].To); len(refs) != 1 || refs[0].Component.String() != "middleware.main" {
		t.Errorf("its binding names %v", refs)
	}
	if refs := s.References(s.Outputs["url"].Value); len(refs) != 1 || refs[0].Component.String() != "app.shop" {
		t.Errorf("the output names %v", refs)
	}
	if got := s.References(nil); got != nil {
		t.Errorf("no expression names %v", got)
	}
}

func TestLoadRecipe(t *testing.T) {
	r, diags := loadRecipeText(shopRecipe)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if r.Name != "acme/shop" || r.Version.String() != "2.1.3" || r.Provides["http"].Port != "web" {
		t.Errorf("got %q %v, port %q", r.Name, r.Version, r.Provides["http"].Port)
	}
	if len(r.Install) != 1 || len(r.Configure) != 1 || len(r.Bind.Resources) != 1 || r.Bind.Attributes == nil {
		t.Errorf("got %d install, %d configure, bind %+v", len(r.Install), len(r.Configure), r.Bind)
	}
	if s := r.Steps[0]; s.OncePer != "version" || len(s.Attributes) != 1 {
		t.Errorf("the step is %+v", s)
	}
	if r.Stop.Grace != "10s" || r.Health.Startup == nil || r.Secrets["admin"].Length != 16 {
		t.Error("stop, health or secret are wrong")
	}
}
