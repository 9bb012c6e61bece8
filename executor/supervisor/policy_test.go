package supervisor

import (
	"testing"
	"time"
)

func TestPauses(t *testing.T) {
	var p policy
	now := time.Unix(1000, 0)
	want := []time.Duration{0, 500e6, 1e9, 2e9, 4e9, 8e9, 16e9, 32e9, 60e9, 60e9}
	for i, pause := range want {
		d := p.ended(now, time.Second, 0, 0.5)
		if d.pause != pause || d.loop != (i >= 4) || d.giveUp {
			t.Errorf("end %d: %+v, want a pause of %v", i+1, d, pause)
		}
		now = now.Add(d.pause)
	}
	if d := p.ended(now, time.Minute, 0, 0.5); d.pause != 0 || d.loop {
		t.Errorf("after a healthy minute: %+v", d)
	}
}

func TestJitter(t *testing.T) {
	if low, high := pauseAfter(2, 0), pauseAfter(2, 1); low != 400*time.Millisecond || high != 600*time.Millisecond {
		t.Errorf("from %v to %v", low, high)
	}
	if most := pauseAfter(1000, 1); most != 72*time.Second {
		t.Errorf("longest: %v", most)
	}
}

func TestGivesUp(t *testing.T) {
	var p policy
	for i := range 5 {
		d := p.ended(time.Unix(int64(i)*100, 0), 0, 3, 0.5)
		if d.giveUp != (i >= 3) || d.loop {
			t.Errorf("end %d: %+v", i+1, d)
		}
	}
}

// Ends that are far apart are no loop.
func TestSlowEndsAreNoLoop(t *testing.T) {
	var p policy
	for i := range 20 {
		if d := p.ended(time.Unix(int64(i)*16, 0), 10*time.Second, 0, 0.5); d.loop {
			t.Fatalf("end %d is a loop", i+1)
		}
	}
}

func TestEagerProber(t *testing.T) {
	var p prober
	check := Check{Probe: never{}}
	check.fill()
	began := time.Unix(1000, 0)
	now := began
	p.begin(check, now, true)
	probes := 0
	for ; now.Before(began.Add(30 * time.Second)); now = p.next {
		if !p.take(now) {
			t.Fatal("not due when it said so")
		}
		if p.take(now) {
			t.Fatal("two probes at a time")
		}
		p.done(now, errNever)
		if pause := p.next.Sub(now); pause < time.Millisecond || pause > time.Second {
			t.Fatalf("a pause of %v", pause)
		}
		probes++
	}
	if probes > 60 {
		t.Errorf("%d probes", probes)
	}
}

func TestThresholds(t *testing.T) {
	var p prober
	check := Check{Probe: never{}, SuccessThreshold: 2}
	check.fill()
	now := time.Unix(1000, 0)
	p.begin(check, now, false)
	if p.take(now) {
		t.Error("due before an interval has passed")
	}
	for i, c := range []struct {
		err  error
		want verdict
	}{{nil, open}, {errNever, open}, {nil, open}, {nil, passed}, {errNever, open}, {errNever, open}, {errNever, failed}} {
		if got := p.done(now, c.err); got != c.want {
			t.Errorf("probe %d: got %v, want %v", i, got, c.want)
		}
	}
}
