package solve

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkStack solves stacks of many apps of one package that share a component of the stack and a default.
func BenchmarkStack(b *testing.B) {
	library := libraryOf([]byte(`
./shop 1.0.0
  requires database sql
  requires cache redis >= 7
  depends acme/theme ^1
acme/theme 1.0.0
postgresql 15.0.0
  provides sql 1.0
redis 7.0.0
  provides redis 7.0`))
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			wanted := stackOf([]byte("middleware.main postgresql"), library)
			for i := range n {
				wanted.Roots = append(wanted.Roots, app(fmt.Sprint("shop", i), library["./shop"][0]))
			}
			for b.Loop() {
				lock, diags := Solve(context.Background(), wanted, library)
				if diags.HasErrors() || len(lock.Bindings) != 2*n {
					b.Fatal(diags)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/component")
		})
	}
}
