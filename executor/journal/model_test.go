package journal_test

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
)

// model drives a journal beside a history of what it has to keep.
type model struct {
	disk    *disktest.Disk
	journal *journal.Journal
	history history
}

func (m *model) open(t *rapid.T) {
	j, r, err := journal.Open(m.disk, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.history.check(r); err != nil {
		t.Fatal(err)
	}
	m.journal = j
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{disk: disktest.New(rapid.Uint64().Draw(t, "disk"))}
		m.open(t)
		t.Repeat(map[string]func(*rapid.T){
			"append":  m.append,
			"compact": m.compact,
			"fail":    m.fail,
			"close": func(t *rapid.T) {
				_ = m.journal.Close()
				m.disk.Kill()
				m.open(t)
			},
			"kill": func(t *rapid.T) {
				m.disk.Kill()
				m.open(t)
			},
			"crash": func(t *rapid.T) {
				m.disk.Crash(rapid.Uint64().Draw(t, "seed"))
				m.open(t)
			},
		})
	})
}

func (m *model) append(t *rapid.T) {
	if m.history.doubt != "" {
		t.Skip("has failed")
	}
	size := rapid.IntRange(0, 3000).Draw(t, "size")
	payloads := [][]byte{rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "content"), bytes.Repeat([]byte{'z'}, size)}
	m.history.doubt = group(payloads)
	if m.journal.Append(payloads...) == nil {
		m.history.acknowledged, m.history.doubt = append(m.history.acknowledged, m.history.doubt), ""
	}
}

func (m *model) compact(t *rapid.T) {
	if m.history.doubt != "" {
		t.Skip("has failed")
	}
	_ = m.journal.Compact([]byte(strings.Join(m.history.acknowledged, "")))
}

func (m *model) fail(t *rapid.T) {
	m.disk.Inject(disktest.Fault{
		At:     rapid.IntRange(1, 20).Draw(t, "at"),
		Err:    rapid.SampledFrom([]error{syscall.EIO, syscall.ENOSPC}).Draw(t, "error"),
		Sticky: rapid.Bool().Draw(t, "sticky"),
	})
}
