package registry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/providers/builtin/claim"
)

// Memory is what was seen in registries before, in a directory with a file for each package of each. A registry that
// changes a version, hides one, or shows an older status is found out by those who saw the newer one. It is safe for
// concurrent use, also by several processes.
type Memory struct{ dir string }

// OpenMemory returns the memory in the directory, which is made when there is something to remember.
func OpenMemory(dir string) *Memory { return &Memory{dir: dir} }

// seen is what is remembered of a package in a registry.
type seen struct {
	Registry string           `json:"registry"`
	Name     string           `json:"name"`
	Versions map[string]sight `json:"versions"`
}

// sight is what was seen of one version.
type sight struct {
	Digest digest.Digest `json:"digest"`           // of the index
	Status int           `json:"status,omitempty"` // the number of the newest status; 0 for none
	State  State         `json:"state,omitempty"`  // of that status; "" if nothing was said
	Reason string        `json:"reason,omitempty"`
}

// Changed says that a registry does not show what it has shown before.
type Changed struct {
	What     string
	Registry string
	File     string // where it is remembered
}

func (c *Changed) Error() string {
	return fmt.Sprintf("%s: the registry %s was changed, or shows you something else than before. If its operator tells you why, remove %s and try again", c.What, c.Registry, c.File)
}

// listed demands that all versions that were seen are still shown.
func (m *Memory) listed(registry, name string, versions []semver.Version) error {
	if m == nil {
		return nil
	}
	old, err := m.read(registry, name)
	if err != nil {
		return err
	}
	for text := range old.Versions {
		if !slices.ContainsFunc(versions, func(v semver.Version) bool { return v.String() == text }) {
			return &Changed{fmt.Sprintf("%s %s is not shown any more", name, text), registry, m.path(registry, name)}
		}
	}
	return nil
}

// same demands that a release is as it was seen before.
func (m *Memory) same(r *Release) error {
	if m == nil {
		return nil
	}
	old, err := m.read(r.Registry, r.Name)
	before, ok := old.Versions[r.Version.String()]
	if err != nil || !ok {
		return err
	}
	return m.compare(r, before, sight{Digest: r.Digest, Status: r.Status.Number})
}

// saw remembers a release, which is as it was seen before.
func (m *Memory) saw(ctx context.Context, r *Release) error {
	if m == nil {
		return nil
	}
	now := sight{Digest: r.Digest, Status: r.Status.Number, State: r.Status.State, Reason: r.Status.Reason}
	old, err := m.read(r.Registry, r.Name)
	if err != nil {
		return err
	}
	if before, ok := old.Versions[r.Version.String()]; ok && before.Status >= now.Status {
		return nil
	}
	return m.remember(ctx, r, now)
}

// status is the newest that was seen of a release.
func (m *Memory) status(r *Release) (Status, error) {
	s := Status{Name: r.Name, Version: r.Version, State: Available}
	if m == nil {
		return s, nil
	}
	old, err := m.read(r.Registry, r.Name)
	if before := old.Versions[r.Version.String()]; before.State != "" {
		s.State, s.Reason, s.Number = before.State, before.Reason, before.Status
	}
	return s, err
}

func (m *Memory) compare(r *Release, before, now sight) error {
	switch {
	case before.Digest != now.Digest:
		return &Changed{"it is not the one that was published", r.Registry, m.path(r.Registry, r.Name)}
	case before.Status > now.Status:
		return &Changed{"the registry shows an older status of it", r.Registry, m.path(r.Registry, r.Name)}
	}
	return nil
}

func (m *Memory) remember(ctx context.Context, r *Release, now sight) (err error) {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	path := m.path(r.Registry, r.Name)
	lock, err := claim.Acquire(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	s, err := m.read(r.Registry, r.Name)
	if err != nil {
		return err
	}
	if before := s.Versions[r.Version.String()]; before.Status > now.Status {
		return nil // another process saw more meanwhile
	}
	s.Versions[r.Version.String()] = now
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, path, append(text, '\n'), 0o644)
}

func (m *Memory) read(registry, name string) (seen, error) {
	s := seen{Registry: registry, Name: name, Versions: map[string]sight{}}
	text, err := os.ReadFile(m.path(registry, name))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return s, fmt.Errorf("cannot read what is remembered of %s in %s: %w", name, m.path(registry, name), err)
	}
	return s, nil
}

func (m *Memory) path(registry, name string) string {
	return filepath.Join(m.dir, fmt.Sprintf("%x.json", sha256.Sum256([]byte(registry+"\n"+name))))
}
