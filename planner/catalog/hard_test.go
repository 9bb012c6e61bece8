package catalog

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nsynapse/recipe/planner/semver"
)

// shape is a family of catalogs that grows with n, with the query that makes it hard.
type shape struct {
	name     string
	make     func(n int) (*Catalog, []Need)
	small    int // solved within moments even with the race detector
	sizes    []int
	solvable bool
}

func shapes() []shape {
	return []shape{
		{"chain", chain, 100, []int{1000, 10000}, true},
		{"layers", layers, 10, []int{10, 100, 1000}, true},
		{"web", web, 100, []int{100, 1000, 10000}, true},
		{"far-conflict", farConflict, 50, []int{100, 1000, 10000}, true},
		{"bomb", bomb, 50, []int{100, 1000, 10000}, false},
		{"ladder", ladder, 20, []int{20, 100, 1000}, false},
		{"pigeons", pigeons, 5, []int{5, 6, 7, 8}, false},
		{"sudoku", sudoku, 4, []int{9, 16}, true},
		{"literals", literals, 20, []int{50, 100, 125}, true},
		{"versions", versions, 20, []int{100, 1000, 10000}, false},
		{"services", services, 20, []int{100, 1000}, true},
	}
}

// put adds a version with dependencies "name constraint".
func put(c *Catalog, name string, version uint64, depends ...string) {
	v := semver.New(version, 0, 0)
	r := Release{Version: v, Text: v.String()}
	for _, d := range depends {
		r.Depends = append(r.Depends, need(d))
	}
	c.Add(name, r)
}

// chain is n packages of 10 versions, each in need of the next one in the same version.
func chain(n int) (*Catalog, []Need) {
	c := New()
	for i := range n {
		for v := range uint64(10) {
			if i == n-1 {
				put(c, fmt.Sprint("p", i), v)
				continue
			}
			put(c, fmt.Sprint("p", i), v, fmt.Sprintf("p%d =%d", i+1, v))
		}
	}
	return c, []Need{need("p0 *")}
}

// layers is n layers of 10 packages of 10 versions, each in need of three of the next layer.
func layers(n int) (*Catalog, []Need) {
	c := New()
	for layer := range n {
		for i := range 10 {
			for v := range uint64(10) {
				var depends []string
				for j := range 3 {
					if layer < n-1 {
						depends = append(depends, fmt.Sprintf("l%d-%d <=%d", layer+1, (i+j*3)%10, v))
					}
				}
				put(c, fmt.Sprintf("l%d-%d", layer, i), v, depends...)
			}
		}
	}
	return c, []Need{need("l0-0 *"), need("l0-5 *")}
}

// web is n packages of 10 versions that need a few others in random ranges; many choices turn out wrong.
func web(n int) (*Catalog, []Need) {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	c := New()
	for i := range n {
		for v := range uint64(10) {
			var depends []string
			for range random.IntN(4) {
				low := random.IntN(8)
				depends = append(depends, fmt.Sprintf("p%d >=%d, <=%d", random.IntN(n), low, low+2+random.IntN(7)))
			}
			put(c, fmt.Sprint("p", i), v, depends...)
		}
	}
	return c, []Need{need("p0 *"), need("p1 *"), need("p2 *")}
}

// farConflict is n packages that are all wanted, and a last one whose newest 9 versions do not fit the first.
func farConflict(n int) (*Catalog, []Need) {
	c := New()
	var all []string
	for i := range n {
		for v := range uint64(10) {
			put(c, fmt.Sprint("p", i), v)
		}
		all = append(all, fmt.Sprintf("p%d *", i))
	}
	put(c, "root", 1, append(all, "z *")...)
	for v := range uint64(10) {
		put(c, "z", v, fmt.Sprintf("p0 =%d", 9-v), fmt.Sprintf("y =%d", v))
		put(c, "y", v, fmt.Sprintf("p1 >=%d", 10*v))
	}
	return c, []Need{need("root *")}
}

// bomb is n packages whose versions cannot matter, decided one after the other before a clash that needs all versions of two
// packages to be tried: going back step by step takes 10 to the power of n.
func bomb(n int) (*Catalog, []Need) {
	c := New()
	for i := range n {
		for v := range uint64(10) {
			put(c, fmt.Sprint("p", i), v, fmt.Sprintf("p%d *", i+1))
		}
	}
	for v := range uint64(10) {
		put(c, fmt.Sprint("p", n), v, fmt.Sprintf("x >=%d", v%5), "y *")
		put(c, "y", v, fmt.Sprintf("z =%d", v))
		put(c, "x", v, "z =20")
		put(c, "z", v)
	}
	return c, []Need{need("p0 *")}
}

// ladder is n rungs of which each can go wrong in its own way: of two packages only unequal versions fit, until the last.
func ladder(n int) (*Catalog, []Need) {
	c := New()
	for i := range n {
		for v := range uint64(10) {
			put(c, fmt.Sprint("a", i), v, fmt.Sprintf("b%d =%d", i, (v+1)%10), fmt.Sprintf("a%d *", i+1))
			put(c, fmt.Sprint("b", i), v, fmt.Sprintf("a%d !=%d", i+1, v))
		}
	}
	for v := range uint64(10) {
		put(c, fmt.Sprint("a", n), v, fmt.Sprintf("c =%d", v))
	}
	put(c, "c", 11)
	return c, []Need{need("a0 *")}
}

// pigeons is n+1 packages that each want one of n places for itself. Every proof of this kind that it cannot be is
// exponential, so n is small.
func pigeons(n int) (*Catalog, []Need) {
	c := New()
	var roots []Need
	for i := range n + 1 {
		for hole := range n {
			put(c, fmt.Sprint("pigeon", i), uint64(hole), fmt.Sprintf("hole%d =%d", hole, i))
		}
		roots = append(roots, need(fmt.Sprintf("pigeon%d *", i)))
	}
	for hole := range n {
		for i := range n + 1 {
			put(c, fmt.Sprint("hole", hole), uint64(i))
		}
	}
	return c, roots
}

// sudoku is an empty board of n times n fields: each takes its number in its row, column and square for itself.
func sudoku(n int) (*Catalog, []Need) {
	side := 1
	for side*side < n {
		side++
	}
	c := New()
	var roots []Need
	for row := range n {
		for column := range n {
			field, square := fmt.Sprintf("field%d-%d", row, column), row/side*side+column/side
			for number := range n {
				put(c, field, uint64(number), fmt.Sprintf("row%d-%d =%d", row, number, column),
					fmt.Sprintf("column%d-%d =%d", column, number, row), fmt.Sprintf("square%d-%d =%d", square, number, row%side*side+column%side))
			}
			roots = append(roots, need(field+" *"))
			for _, kind := range []string{"row", "column", "square"} {
				for at := range n {
					put(c, fmt.Sprintf("%s%d-%d", kind, row, column), uint64(at))
				}
			}
		}
	}
	return c, roots
}

// literals is random 3-SAT of n variables, at 4.2 clauses each, where it is hardest: a clause is a service that three literals
// provide.
func literals(n int) (*Catalog, []Need) {
	random := rand.New(rand.NewPCG(3, uint64(n)))
	c := New()
	provides := map[string][]string{}
	root := written{"root 1.0.0"}
	for i := range n * 42 / 10 {
		for range 3 {
			variable := fmt.Sprintf("x%d %d.0.0", random.IntN(n), random.IntN(2))
			provides[variable] = append(provides[variable], fmt.Sprintf("+c%d 1", i))
		}
		root = append(root, fmt.Sprintf("-c%d *", i))
	}
	c.Add(root.release())
	for i := range n {
		for v := range 2 {
			variable := fmt.Sprintf("x%d %d.0.0", i, v)
			c.Add(append(written{variable}, provides[variable]...).release())
		}
	}
	return c, []Need{need("root *")}
}

// versions is two packages of n versions each; every version of the one needs another that is not there, or the one before
// it, which does not fit.
func versions(n int) (*Catalog, []Need) {
	c := New()
	for v := range uint64(n) {
		put(c, "a", v, fmt.Sprintf("b >=%d, <%d", v, v+2), fmt.Sprintf("c =%d", v))
		put(c, "b", v, fmt.Sprintf("c !=%d, !=%d", v, max(v, 1)-1))
	}
	put(c, "c", uint64(n))
	return c, []Need{need("a *")}
}

// services is n packages that require each other's services, of which each has three providers that do not all fit.
func services(n int) (*Catalog, []Need) {
	random := rand.New(rand.NewPCG(2, uint64(n)))
	c := New()
	for i := range n {
		for v := range uint64(5) {
			name, r := written{fmt.Sprintf("p%d %d.0.0", i, v), fmt.Sprintf("+s%d %d", i/3, v)}.release()
			for range random.IntN(3) {
				r.Requires = append(r.Requires, need(fmt.Sprintf("s%d >=%d", random.IntN(n)/3, random.IntN(5))))
			}
			if random.IntN(2) == 0 {
				r.Depends = append(r.Depends, need(fmt.Sprintf("p%d <=%d", random.IntN(n), random.IntN(5))))
			}
			c.Add(name, r)
		}
	}
	return c, []Need{need("p0 *"), need("p1 *"), need("p2 *")}
}

// TestHardShapes solves a small one of each.
func TestHardShapes(t *testing.T) {
	for _, s := range shapes() {
		c, asked := s.make(s.small)
		if got := NewResolver(c).Resolve(asked); got.Solvable != s.solvable {
			t.Errorf("%s is solvable: %t", s.name, got.Solvable)
		}
	}
}

// BenchmarkHard solves each shape in growing sizes, everything but making the catalog included. The first query is
// the slow one: the rules of every package that it meets are made.
func BenchmarkHard(b *testing.B) {
	for _, s := range shapes() {
		for _, n := range s.sizes {
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				c, asked := s.make(n)
				var first, again time.Duration
				var answer Answer
				for range b.N {
					began := time.Now()
					r := NewResolver(c)
					r.Resolve(asked)
					first += time.Since(began)
					began = time.Now()
					answer = r.Resolve(asked)
					again += time.Since(began)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(first.Microseconds())/1000/float64(b.N), "ms/first")
				b.ReportMetric(float64(again.Microseconds())/1000/float64(b.N), "ms/again")
				b.ReportMetric(float64(answer.Decisions), "decisions")
				b.ReportMetric(float64(answer.Conflicts), "conflicts")
			})
		}
	}
}
