package config

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// components is a stack of n apps in chains of 50.
func components(n int) []byte {
	var b strings.Builder
	b.WriteString("stack \"bench\" {}\nlocals {\n  theme = \"dark\"\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "app \"c%d\" {\n  package   = \"acme/web\"\n  version   = \"~> 1.2\"\n  instances = 2\n  inputs = {\n    theme = local.theme\n    name  = \"${local.theme}-%d\"\n  }\n", i, i)
		if i%50 > 0 {
			fmt.Fprintf(&b, "  bind \"next\" { to = app.c%d }\n", i-1)
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}

// BenchmarkLoad stands beside BenchmarkParse: what Load adds to hclsyntax's parser.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := fstest.MapFS{"stack.hcl": {Data: components(n)}}
			for b.Loop() {
				if _, diags := Load(files, "stack.hcl"); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/component")
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			src := components(n)
			for b.Loop() {
				hclsyntax.ParseConfig(src, "stack.hcl", hcl.InitialPos)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/component")
		})
	}
}

func BenchmarkMeasure(b *testing.B) {
	src := components(10_000)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if measure(src) != nil {
			b.Fatal("refused")
		}
	}
}
