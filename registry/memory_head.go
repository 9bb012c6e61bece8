package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/providers/builtin/claim"
	"github.com/nsynapse/recipe/registry/ledger"
)

// logName is what the head of a log is remembered under, beside the packages of its registry.
const logName = ledger.Repository

// remembered is the last head that was seen of a registry's log.
type remembered struct {
	Registry string      `json:"registry"`
	Head     ledger.Head `json:"head"`
}

// head is the last one that was seen, the zero value if none was.
func (m *Memory) head(registry string) (ledger.Head, error) {
	if m == nil {
		return ledger.Head{}, nil
	}
	path := m.path(registry, logName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ledger.Head{}, nil
	}
	var r remembered
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return ledger.Head{}, fmt.Errorf("cannot read what is remembered of the log of %s in %s: %w", registry, path, err)
	}
	return r.Head, nil
}

// sawHead demands that a log goes on from the head that was seen when it was read, under the key of the same server if
// one kept it, and remembers it. If a longer one was seen since, stale is true and nothing is said.
func (m *Memory) sawHead(ctx context.Context, registry string, seen ledger.Head, l *ledger.Log) (stale bool, err error) {
	if m == nil {
		return false, nil
	}
	if err := m.goesOn(registry, seen, l); err != nil || l.Head == seen {
		return false, err
	}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return false, err
	}
	path := m.path(registry, logName)
	lock, err := claim.Acquire(ctx, path+".lock")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	now, err := m.head(registry)
	if err != nil || now.Size > l.Head.Size {
		return err == nil, err
	}
	if err := m.goesOn(registry, now, l); err != nil {
		return false, err
	}
	text, err := json.Marshal(remembered{registry, l.Head})
	if err != nil {
		return false, err
	}
	return false, disk.WriteFile(disk.OS{}, path, append(text, '\n'), 0o644)
}

// goesOn tells how a log does not go on from a head that was seen.
func (m *Memory) goesOn(registry string, seen ledger.Head, l *ledger.Log) error {
	if err := l.Extends(seen); err != nil {
		return &Changed{err.Error(), registry, m.path(registry, logName)}
	}
	if ledger.KeptByServer(seen.Key) && seen.Key != l.Head.Key {
		return &Changed{"its log is signed by another key than before", registry, m.path(registry, logName)}
	}
	return nil
}
