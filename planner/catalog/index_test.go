package catalog

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// scattered is n packages of 20 versions, each in need of up to five of the 300 packages before it, in a range that is drawn
// anew for every version. That is harder than any real index: there is no version that most others are content with.
func scattered(n int) *Catalog {
	random := rand.New(rand.NewPCG(6, uint64(n)))
	c := New()
	for i := range n {
		for v := range 20 {
			w := written{fmt.Sprintf("p%d %s.0", i, numbered(v))}
			for _, target := range distinct(random, min(random.IntN(6), i), func() int { return i - 1 - random.IntN(min(i, 300)) }) {
				w = append(w, fmt.Sprintf("p%d %s%s", target, []string{"^", ">=", "~> "}[random.IntN(3)], numbered(random.IntN(20))))
			}
			c.Add(w.release())
		}
	}
	return c
}

// numbered is the version at a position, without its last number: five minor ones to a major one.
func numbered(v int) string { return fmt.Sprintf("%d.%d", 1+v/5, v%5) }

// distinct draws n numbers that differ.
func distinct(random *rand.Rand, n int, draw func() int) []int {
	var list []int
	for len(list) < n {
		if at := draw(); !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	return list
}

// drifting is n packages as a registry grows them: few are needed by many, a version keeps most constraints of the one before
// it, and now and then a recent version needs what is too new or too old for the others.
func drifting(n int) *Catalog {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	c, sizes := New(), make([]int, n)
	for i := range n {
		sizes[i] = 1 + int(math.Pow(300, random.Float64()*random.Float64()))
		d := drift{random: random, sizes: sizes[:i]}
		for v := range sizes[i] {
			d.release(float64(v) / float64(sizes[i]))
			c.Add(append(written{fmt.Sprintf("p%d %s.0", i, numbered(v))}, d.needs(v == sizes[i]-1 || v == sizes[i]-2)...).release())
		}
	}
	return c
}

// drift is what the versions of one package need, as they come out one after the other.
type drift struct {
	random *rand.Rand
	sizes  []int // of the packages that it may need, the popular ones first
	of     []target
}

// target is a package that is needed, from a version on.
type target struct{ pack, low int }

// release is a new version; age is that of its package, from 0 to 1.
func (d *drift) release(age float64) {
	if len(d.of) == 0 && len(d.sizes) > 0 {
		for _, p := range distinct(d.random, min(d.random.IntN(6), len(d.sizes)), d.popular) {
			d.of = append(d.of, target{p, 0})
		}
	}
	for i := range d.of {
		if d.random.IntN(8) == 0 {
			d.of[i].low = int(age * float64(d.sizes[d.of[i].pack]-1))
		}
	}
}

// popular draws a package: the n-th about as often as one in n.
func (d *drift) popular() int {
	return int(math.Pow(float64(len(d.sizes)+1), d.random.Float64()) - 1)
}

// needs are the constraints of the newest version. A bad one is sometimes pinned.
func (d *drift) needs(recent bool) []string {
	var list []string
	for _, t := range d.of {
		kind := (t.pack + len(d.of)) % 3
		low := t.low
		if recent && d.random.IntN(6) == 0 {
			kind, low = 3, d.random.IntN(d.sizes[t.pack])
		}
		list = append(list, fmt.Sprintf("p%d %s%s", t.pack, []string{"^", ">=", ">=", "~> "}[kind], numbered(low)))
	}
	return list
}

// TestIndexes holds answers, for which far more has to be gone back than brute force can follow, against the needs themselves.
func TestIndexes(t *testing.T) {
	for name, c := range map[string]*Catalog{"scattered": scattered(600), "drifting": drifting(600)} {
		r := NewResolver(c)
		for i := 500; i < 600; i += 5 {
			asked := []Need{need(fmt.Sprintf("p%d *", i)), need(fmt.Sprintf("p%d *", i-300))}
			a := r.Resolve(asked)
			if !a.Solvable {
				continue
			}
			if got := c.taken(a.Versions); len(got) != len(a.Versions) || !got.meets(asked) || nothingIdle(got, asked) != nil {
				t.Errorf("%s: %v does not meet %v", name, a.Versions, asked)
			}
		}
	}
}

// taken looks up versions.
func (c *Catalog) taken(versions map[string]string) chosen {
	taken := chosen{}
	for i := range c.packages {
		for _, r := range c.packages[i].releases {
			if versions[c.packages[i].name] == r.Text {
				taken[c.packages[i].name] = r
			}
		}
	}
	return taken
}

// BenchmarkIndexes answers queries for one to five packages of made-up indexes that make going back necessary.
func BenchmarkIndexes(b *testing.B) {
	for _, k := range []struct {
		name    string
		make    func(int) *Catalog
		size    int
		queries int
	}{{"scattered", scattered, 3000, 200}, {"drifting", drifting, 1000, 2000}, {"drifting", drifting, 10000, 2000}} {
		b.Run(fmt.Sprintf("%s/%d", k.name, k.size), func(b *testing.B) {
			r := NewResolver(k.make(k.size))
			random := rand.New(rand.NewPCG(8, uint64(k.size)))
			var l latencies
			for range b.N * k.queries {
				var asked []Need
				for range 1 + random.IntN(5) {
					asked = append(asked, need(fmt.Sprintf("p%d *", random.IntN(k.size))))
				}
				l.time(func() Answer { return r.Resolve(asked) })
			}
			l.report(b)
		})
	}
}

// latencies are how long queries took.
type latencies struct {
	took                           []time.Duration
	solvable, decisions, conflicts int
}

func (l *latencies) time(resolve func() Answer) {
	began := time.Now()
	a := resolve()
	l.took = append(l.took, time.Since(began))
	l.decisions, l.conflicts = l.decisions+a.Decisions, l.conflicts+a.Conflicts
	if a.Solvable {
		l.solvable++
	}
}

// report says how long all queries of a round took together, the usual one, and the slowest.
func (l *latencies) report(b *testing.B) {
	slices.Sort(l.took)
	total := time.Duration(0)
	for _, t := range l.took {
		total += t
	}
	at := func(share float64) float64 {
		return float64(l.took[int(share*float64(len(l.took)-1))].Nanoseconds()) / 1000
	}
	n := float64(len(l.took))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(total.Seconds()/float64(b.N), "s/total")
	b.ReportMetric(at(0.5), "µs/median")
	b.ReportMetric(at(0.95), "µs/p95")
	b.ReportMetric(at(1), "µs/max")
	b.ReportMetric(100*float64(l.solvable)/n, "%solvable")
	b.ReportMetric(float64(l.decisions)/n, "decisions/query")
	b.ReportMetric(float64(l.conflicts)/n, "conflicts/query")
}
