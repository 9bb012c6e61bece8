package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// serviceRecipe is about the smallest recipe of something that runs: one process, one port, two inputs.
const serviceRecipe = `package {
  name    = "service"
  version = "1.0.0"
}

input "title" {
  type = string
}

input "peers" {
  type    = list(string)
  default = []
}

port "web" {}

process "web" {
  command = ["${package.path}/service", "-title", input.title]
  env = {
    PEERS = join(",", input.peers)
  }
}
`

// shape is how the components of a measured stack refer to each other.
type shape struct {
	name       string
	references func(i int) []int // the components that component i names, all smaller than i
}

var shapes = []shape{
	{"independent", func(int) []int { return nil }},
	{"chains of 50", func(i int) []int {
		if i%50 == 0 {
			return nil
		}
		return []int{i - 1}
	}},
	{"layers, 3 refs", func(i int) []int {
		const width = 100
		if i < width {
			return nil
		}
		below := i - i%width - width
		return []int{below + i%width, below + (i+1)%width, below + (i+37)%width}
	}},
}

// writeStack writes a stack of n components and their recipe, and returns its directory.
func writeStack(tb testing.TB, s shape, n int) string {
	tb.Helper()
	dir := tb.TempDir()
	var text strings.Builder
	text.WriteString("stack \"bench\" {}\n")
	for i := range n {
		var peers []string
		for _, r := range s.references(i) {
			peers = append(peers, fmt.Sprintf("app.c%d.url", r))
		}
		fmt.Fprintf(&text, "\napp \"c%d\" {\n  source = \"./service\"\n  inputs = {\n    title = \"Service %d\"\n    peers = [%s]\n  }\n}\n",
			i, i, strings.Join(peers, ", "))
	}
	if err := os.Mkdir(filepath.Join(dir, "service"), 0o755); err != nil {
		tb.Fatal(err)
	}
	for name, content := range map[string]string{"stack.hcl": text.String(), "service/recipe.hcl": serviceRecipe} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}
