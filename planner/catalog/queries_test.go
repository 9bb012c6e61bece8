package catalog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// registry is n packages as a registry has them: few with many versions, ranges that are mostly wide, a need that stays the same
// over several versions, and some that nothing meets any more.
func registry(n int) *Catalog {
	random := rand.New(rand.NewPCG(4, uint64(n)))
	pick := func(list ...int) int { return list[random.IntN(len(list))] }
	c := New()
	for i := range n {
		var depends []string
		for v := range pick(1, 2, 3, 5, 8, 20, 60) {
			if v == 0 || random.IntN(3) == 0 {
				depends = depends[:0]
				for range pick(0, 0, 1, 2, 3, 6) {
					target := min(n-1, i+1+int(random.ExpFloat64()*300))
					constraint := []string{"*", fmt.Sprintf("^%d.%d", 1+random.IntN(2), random.IntN(3)), fmt.Sprintf(">=1.%d, <4", random.IntN(4))}[random.IntN(3)]
					depends = append(depends, fmt.Sprintf("p%d %s", target, constraint))
				}
			}
			w := append(written{fmt.Sprintf("p%d %d.%d.%d", i, 1+v/8, v%8, random.IntN(3))}, depends...)
			if random.IntN(20) == 0 {
				w = append(w, fmt.Sprintf("-s%d >=1", random.IntN(20)))
			}
			if random.IntN(20) == 0 {
				w = append(w, fmt.Sprintf("+s%d 1.%d", random.IntN(20), random.IntN(5)))
			}
			c.Add(w.release())
		}
	}
	return c
}

// BenchmarkQueries answers thousands of queries about one registry, explanations included.
func BenchmarkQueries(b *testing.B) {
	for _, n := range []int{1000, 3000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := NewResolver(registry(n))
			random := rand.New(rand.NewPCG(5, uint64(n)))
			var took []time.Duration
			solvable := 0
			for range b.N * 5000 {
				var asked []Need
				for range 1 + random.IntN(4) {
					asked = append(asked, need(fmt.Sprintf("p%d *", random.IntN(n))))
				}
				began := time.Now()
				if r.Resolve(asked).Solvable {
					solvable++
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			at := func(share float64) float64 {
				return float64(took[int(share*float64(len(took)-1))].Nanoseconds()) / 1000
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(at(0.5), "µs/median")
			b.ReportMetric(at(0.95), "µs/p95")
			b.ReportMetric(at(1), "µs/max")
			b.ReportMetric(100*float64(solvable)/float64(len(took)), "%solvable")
		})
	}
}
