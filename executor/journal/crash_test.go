package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
)

const dir = "/home/stack/journal"

// history is what a journal was asked to keep: the groups acknowledged and the one in doubt.
type history struct {
	acknowledged []string
	doubt        string // the group of an Append that failed or never returned; "" for none
}

// group is the payloads of an Append as one text.
func group(payloads [][]byte) string { return string(bytes.Join(payloads, []byte("|"))) + "\n" }

// run opens the journal, checks what it holds and carries out some Appends and Compacts until the first error.
func (h *history) run(fsys *disktest.Disk, steps int) error {
	j, r, err := journal.Open(fsys, dir)
	if err != nil {
		return err
	}
	if err := h.check(r); err != nil {
		return fmt.Errorf("WRONG: %w", err)
	}
	for i := range steps {
		if err := h.step(j, i); err != nil {
			return errors.Join(err, j.Close())
		}
	}
	return j.Close()
}

func (h *history) step(j *journal.Journal, i int) error {
	if i%4 == 3 {
		return j.Compact([]byte(strings.Join(h.acknowledged, "")))
	}
	n := len(h.acknowledged)
	payloads := [][]byte{fmt.Appendf(nil, "%d", n), bytes.Repeat([]byte{'a' + byte(n%26)}, 400*(n%4))}
	h.doubt = group(payloads)
	if err := j.Append(payloads...); err != nil {
		return err
	}
	h.acknowledged, h.doubt = append(h.acknowledged, h.doubt), ""
	return nil
}

// check demands all that was acknowledged, then the group in doubt whole or not at all, and nothing else.
func (h *history) check(r *journal.Recovered) error {
	got := string(r.Snapshot)
	for pair := range slices.Chunk(r.Records, 2) {
		got += group(pair)
	}
	want := strings.Join(h.acknowledged, "")
	switch {
	case got == want:
	case h.doubt != "" && got == want+h.doubt:
		h.acknowledged = append(h.acknowledged, h.doubt)
	default:
		return fmt.Errorf("recovered %.300q, want %.300q and perhaps %.60q", got, want, h.doubt)
	}
	h.doubt = ""
	return nil
}

func (h *history) mustRun(t *testing.T, fsys *disktest.Disk, steps int, what string, args ...any) {
	t.Helper()
	if err := h.run(fsys, steps); err != nil {
		t.Fatalf("%s: %v", fmt.Sprintf(what, args...), err)
	}
}

const steps = 9

// operations counts the operations of a run on a fresh disk.
func operations(t *testing.T) int {
	d, h := disktest.New(0), &history{}
	h.mustRun(t, d, steps, "plain run")
	return d.Operations()
}

func TestPowerCutAtEveryOperation(t *testing.T) {
	for at := 1; at <= operations(t); at++ {
		for seed := range uint64(12) {
			d, h := disktest.New(seed), &history{}
			d.Inject(disktest.Fault{At: at, Cut: true})
			if err := h.run(d, steps); err != nil && !errors.Is(err, disktest.ErrPower) {
				t.Fatalf("operation %d: %v", at, err)
			}
			d.Crash(seed)
			h.mustRun(t, d, steps, "after a cut at operation %d, seed %d", at, seed)
			d.Crash(seed)
			h.mustRun(t, d, 0, "after a clean end, operation %d, seed %d", at, seed)
		}
	}
}

// The second crash hits the recovery from the first.
func TestTwoPowerCuts(t *testing.T) {
	last := operations(t)
	for first := 1; first <= last; first++ {
		for second := 1; second <= 30; second++ {
			seed := uint64(first*100 + second)
			d, h := disktest.New(seed), &history{}
			d.Inject(disktest.Fault{At: first, Cut: true})
			_ = h.run(d, steps)
			d.Crash(seed)
			d.Inject(disktest.Fault{At: second, Cut: true})
			if err := h.run(d, 2); err != nil && !errors.Is(err, disktest.ErrPower) {
				t.Fatalf("cuts at %d and %d: %v", first, second, err)
			}
			d.Crash(seed + 1)
			h.mustRun(t, d, steps, "after cuts at %d and %d", first, second)
		}
	}
}

// A killed process leaves its writes in the cache; what the next one saw there must survive a power cut.
func TestKillThenPowerCut(t *testing.T) {
	for at := 1; at <= operations(t); at++ {
		for seed := range uint64(12) {
			d, h := disktest.New(seed), &history{}
			d.Inject(disktest.Fault{At: at, Err: syscall.EIO, Sticky: true})
			_ = h.run(d, steps)
			d.Kill()
			h.mustRun(t, d, 1, "after a kill at operation %d, seed %d", at, seed)
			d.Crash(seed)
			h.mustRun(t, d, 1, "after a kill at operation %d and a cut, seed %d", at, seed)
		}
	}
}

func TestErrorAtEveryOperation(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		for at := 1; at <= operations(t); at++ {
			for seed := range uint64(6) {
				d, h := disktest.New(seed), &history{}
				d.Inject(disktest.Fault{At: at, Err: cause})
				if err := h.run(d, steps); err != nil && !errors.Is(err, cause) {
					t.Fatalf("%v at operation %d: %v", cause, at, err)
				}
				d.Crash(seed)
				h.mustRun(t, d, steps, "after %v at operation %d, seed %d", cause, at, seed)
			}
		}
	}
}

func TestFailedForGood(t *testing.T) {
	for at := 1; at <= 3; at++ { // the write, the fsync, the mark
		d := disktest.New(1)
		j, _, err := journal.Open(d, dir)
		if err != nil {
			t.Fatal(err)
		}
		d.Inject(disktest.Fault{At: at, Err: syscall.EIO})
		if err := j.Append([]byte("x")); (err == nil) != (at == 3) {
			t.Errorf("error at operation %d: Append returned %v", at, err)
		}
		if err := j.Append([]byte("y")); !errors.Is(err, syscall.EIO) {
			t.Errorf("error at operation %d: the next Append returned %v", at, err)
		}
		if err := j.Compact(nil); !errors.Is(err, syscall.EIO) {
			t.Errorf("error at operation %d: Compact returned %v", at, err)
		}
	}
}

// A full disk during Compact must not stop the journal.
func TestCompactOnFullDisk(t *testing.T) {
	d, h := disktest.New(1), &history{}
	h.mustRun(t, d, 3, "prepare")
	j, _, err := journal.Open(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	d.Inject(disktest.Fault{At: 3, Err: syscall.ENOSPC}) // remove, open, write
	if err := h.step(j, 3); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Compact returned %v", err)
	}
	if err := h.step(j, 0); err != nil {
		t.Fatal(err)
	}
	d.Crash(1)
	h.mustRun(t, d, steps, "after a failed Compact")
}

// What a Compact that failed has left must not become part of the next one, which may be shorter.
func TestShorterCompactAfterAFailed(t *testing.T) {
	long, short := bytes.Repeat([]byte("long"), 500), []byte("short")
	for at := 1; at <= 12; at++ {
		d := disktest.New(1)
		j, _, err := journal.Open(d, dir)
		if err != nil {
			t.Fatal(err)
		}
		d.Inject(disktest.Fault{At: at, Err: syscall.ENOSPC})
		_ = j.Compact(long)
		d.Inject(disktest.Fault{})
		if err := j.Compact(short); err != nil {
			if !errors.Is(err, syscall.ENOSPC) { // failed for good
				t.Fatal(err)
			}
			continue
		}
		d.Crash(1)
		_, r, err := journal.Open(d, dir)
		if err != nil || string(r.Snapshot) != string(short) {
			t.Fatalf("a Compact that failed at operation %d left a journal that says %v", at, err)
		}
	}
}
