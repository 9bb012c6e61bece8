package config

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestContractOfALoop loads a recipe whose attribute would take for ever to work out: its type is left open.
func TestContractOfALoop(t *testing.T) {
	many := "[" + strings.Repeat("1, ", 20_000) + "]"
	loop := "[for x in " + many + " : [for y in " + many + " : 1]]"
	text := `package {
  name    = "acme/queue"
  version = "1.0.0"
}
provides "http" {
  version = "1.1"
  port    = port.web
}
port "web" {}
process "web" { command = ["web"] }
bind {
  attributes = { uri = ` + loop + ` }
}
`
	start := time.Now()
	if _, diags := LoadRecipe(fstest.MapFS{"recipe.hcl": {Data: []byte(text)}}, "."); diags.HasErrors() {
		t.Error(diags)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestBoxContracts demands what the page of recipes says of the services in the box.
func TestBoxContracts(t *testing.T) {
	for service, want := range map[string]string{
		"http":       "host port uri",
		"sql":        "(database) host (password) port (type) uri (username)",
		"postgresql": "database host password port (type) uri username",
		"redis":      "host (password) port (prefix) uri (username)",
		"bus":        "host (password) port (type) uri (username)",
		"amqp":       "host password port uri username vhost",
	} {
		c := BoxContract(service)
		if c == nil {
			t.Errorf("there is no contract of %s", service)
			continue
		}
		var got []string
		for _, name := range declared("", "", c.Attributes).names() {
			if a := c.Attributes[name]; a.Optional {
				name = "(" + name + ")"
			} else if name == "password" && !a.Sensitive {
				t.Errorf("the password of %s is no secret", service)
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %q, want %q", service, got, want)
		}
	}
	if BoxContract("acme/pricing") != nil {
		t.Error("the box defines a service of acme")
	}
}
