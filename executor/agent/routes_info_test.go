package agent

import "testing"

func TestLatency(t *testing.T) {
	for _, c := range []struct {
		buckets  []uint64
		p50, p99 float64
	}{
		{nil, 0, 0},
		{[]uint64{0, 0, 0}, 0, 0},
		{[]uint64{1, 0, 0, 0}, 0.001, 0.001},
		{[]uint64{50, 49, 1, 0}, 0.001, 0.002},
		{[]uint64{49, 49, 2, 0}, 0.002, 0.004},
		{[]uint64{0, 0, 0, 9}, 0.004, 0.004}, // or more: nobody counted
	} {
		if p50, p99 := latency(c.buckets, 0.5), latency(c.buckets, 0.99); p50 != c.p50 || p99 != c.p99 {
			t.Errorf("%v: %v and %v, and not %v and %v", c.buckets, p50, p99, c.p50, c.p99)
		}
	}
}
