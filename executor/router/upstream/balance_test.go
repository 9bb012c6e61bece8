package upstream

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func some(n int) []*Upstream {
	var addresses []string
	for i := range n {
		addresses = append(addresses, fmt.Sprint("127.0.0.1:", 20000+i))
	}
	return NewSet().Get(addresses)
}

// When an upstream goes, only the keys that it had move; when it comes back they return.
func TestHashMovesLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := some(rapid.IntRange(2, 8).Draw(t, "upstreams"))
		gone := rapid.IntRange(0, len(all)-1).Draw(t, "gone")
		left := slices.Delete(slices.Clone(all), gone, gone+1)
		key := rapid.Uint64().Draw(t, "key")
		var b Balance
		before, after := b.Pick(Hash, all, key, time.Time{}, nil), b.Pick(Hash, left, key, time.Time{}, nil)
		if before != all[gone] && after != before {
			t.Fatalf("%d moved from %s to %s though %s went", key, before.Address, after.Address, all[gone].Address)
		}
	})
}

// Whatever the policy: what was tried is not picked again, one that rests only when there is no other, and somebody is
// picked as long as there is one.
func TestPickHonoursRestAndTries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := some(rapid.IntRange(0, 6).Draw(t, "upstreams"))
		policy := rapid.SampledFrom(Policies()).Draw(t, "policy")
		now := time.Unix(1_000_000, 0)
		var tried []*Upstream
		awake := 0
		for _, u := range all {
			if rapid.Bool().Draw(t, "rests") {
				for !u.Failed(now) {
				}
			} else {
				awake++
			}
			if rapid.Bool().Draw(t, "tried") {
				tried = append(tried, u)
				if !u.Resting(now) {
					awake--
				}
			}
		}
		var b Balance
		u := b.Pick(policy, all, rapid.Uint64().Draw(t, "key"), now, tried)
		switch {
		case u == nil && len(tried) < len(all):
			t.Fatal("nobody was picked")
		case u != nil && slices.Contains(tried, u):
			t.Fatal("it was tried before")
		case u != nil && u.Resting(now) && awake > 0 && len(all) > 1:
			t.Fatal("one that rests was picked before others")
		}
	})
}

func TestRestsDoubleAndEnd(t *testing.T) {
	u := some(1)[0]
	now := time.Unix(1_000_000, 0)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		fails := 0
		for !u.Failed(now) {
			fails++
		}
		if fails != failures-1 {
			t.Errorf("it rests after %d failures", fails+1)
		}
		if !u.Resting(now.Add(want*time.Second-1)) || u.Resting(now.Add(want*time.Second)) {
			t.Errorf("it does not rest for %d s", want)
		}
		now = now.Add(want * time.Second)
	}
	u.Succeeded()
	for !u.Failed(now) {
	}
	if u.Resting(now.Add(time.Second)) {
		t.Error("an answer does not end the doubling")
	}
}

func TestTokensComeBack(t *testing.T) {
	for _, u := range some(20) {
		if ParseToken(u.Token()) != u.ID || u.ID == 0 {
			t.Errorf("%s became %q and %d", u.Address, u.Token(), ParseToken(u.Token()))
		}
	}
	if ParseToken("no token!") != 0 {
		t.Error("anything is a token")
	}
}
