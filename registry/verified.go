package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/providers/builtin/claim"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// verified is what of the releases of a registry was verified before, in a file of the memory. An entry is about the index with
// one digest, so it stays true as long as the same keys are trusted: with another list of keys all of it is forgotten. Whoever
// could write to the file could as well write to that list, which lies beside it.
type verified struct {
	Registry string                      `json:"registry"`
	Trust    string                      `json:"trust"`    // the digest of the list of trusted keys
	Releases map[string]map[string]proof `json:"releases"` // by name and version
}

// proof is one release that was verified.
type proof struct {
	Index    v1.Descriptor `json:"index"`
	Signer   string        `json:"signer"`
	Manifest *Manifest     `json:"manifest"` // without the README
}

// verifiedName is what the file is named after, beside the packages of the registry.
const verifiedName = "recipe/verified"

// keys stands for the keys that are trusted now; "" when there is nobody to remember for them.
func (c *Client) keys() string {
	if c.reader.Memory == nil || c.reader.Ring == nil {
		return ""
	}
	keys, err := c.reader.Ring.Digest()
	if err != nil {
		return "" // which a verification tells
	}
	return keys
}

// under is what was verified with these keys. The caller holds c.proving.
func (c *Client) under(keys string) *verified {
	if c.proofs != nil && c.proofs.Trust == keys {
		return c.proofs
	}
	c.proofs, c.proven = &verified{Registry: c.registry.String(), Trust: keys, Releases: map[string]map[string]proof{}}, false
	if keys == "" {
		return c.proofs
	}
	if old, err := c.reader.Memory.verified(c.registry.String()); err == nil && old.Trust == keys {
		c.proofs.Releases = old.Releases
	}
	return c.proofs
}

// proved returns a release that was verified before with these keys; nil if it was not.
func (c *Client) proved(keys, name, version string, index digest.Digest) *Release {
	c.proving.Lock()
	defer c.proving.Unlock()
	p, ok := c.under(keys).Releases[name][version]
	if !ok || p.Index.Digest != index {
		return nil
	}
	by, err := trust.ParsePublic(p.Signer)
	if err != nil || p.Manifest == nil || p.Manifest.Name != name || p.Manifest.Version.String() != version {
		return nil
	}
	return &Release{Manifest: p.Manifest, Registry: c.registry.String(), Digest: index, Signer: by, from: c, index: p.Index}
}

// prove notes that a release was verified; keys are those that were trusted before that, and count if they still are.
func (c *Client) prove(keys string, r *Release) {
	if keys == "" || keys != c.keys() {
		return
	}
	c.proving.Lock()
	defer c.proving.Unlock()
	all := c.under(keys).Releases
	if all[r.Name] == nil {
		all[r.Name] = map[string]proof{}
	}
	short := *r.Manifest
	short.Readme = ""
	all[r.Name][r.Version.String()] = proof{r.index, r.Signer.String(), &short}
	c.proven = true
}

// Remember keeps what was verified for the next client of this registry. Without it all is verified again.
func (c *Client) Remember(ctx context.Context) error {
	c.proving.Lock()
	defer c.proving.Unlock()
	if !c.proven || c.proofs.Trust != c.keys() {
		return nil
	}
	c.proven = false
	return c.reader.Memory.keepVerified(ctx, c.proofs)
}

// verified reads the file; one that is not there or cannot be read is empty.
func (m *Memory) verified(registry string) (*verified, error) {
	text, err := os.ReadFile(m.path(registry, verifiedName))
	if err != nil {
		return nil, err
	}
	v := &verified{}
	if err := json.Unmarshal(text, v); err != nil || v.Registry != registry || v.Releases == nil {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	return v, nil
}

func (m *Memory) keepVerified(ctx context.Context, v *verified) (err error) {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	path := m.path(v.Registry, verifiedName)
	lock, err := claim.Acquire(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if old, err := m.verified(v.Registry); err == nil && old.Trust == v.Trust { // another process may have verified others
		for name, versions := range v.Releases {
			if old.Releases[name] == nil {
				old.Releases[name] = map[string]proof{}
			}
			maps.Copy(old.Releases[name], versions)
		}
		v = old
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, path, text, 0o644)
}

// unchanged returns all versions of a package without asking the registry for any, when its log says that nothing was put there
// since they were verified: whatever else it could show would be refused. ok is false when it has to be asked.
func (c *Client) unchanged(ctx context.Context, name string) (releases []*Release, ok bool, err error) {
	keys := c.keys()
	if keys == "" {
		return nil, false, nil
	}
	l, err := c.knownLog(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, tag := range l.Tags(name) {
		version, ok := versionOf(tag)
		if !ok {
			continue // of a status
		}
		r := c.proved(keys, name, version.String(), l.First(name, tag))
		if r == nil || !c.provedStatus(ctx, r, l.Last(name, statusTag+tag)) {
			return nil, false, nil
		}
		releases = append(releases, r)
	}
	return newestFirst(releases), len(releases) > 0, nil
}

// provedStatus fills in the status whose manifest has the digest, "" for none; false if that is not at hand.
func (c *Client) provedStatus(ctx context.Context, r *Release, status digest.Digest) bool {
	version := r.Version.String()
	if status == "" {
		r.Status = Status{Name: r.Name, Version: r.Version, State: Available}
		return true
	}
	if c.reader.Cache == "" {
		return false
	}
	objects := oci.Objects(c.reader.Cache)
	d, err := objects.Find(status, v1.MediaTypeImageManifest)
	if err != nil {
		return false
	}
	text, _, err := c.open(ctx, objects, d, statusNoteType, r.Name)
	if err == nil {
		r.Status, err = parseStatus(text, r.Name, version)
	}
	return err == nil
}
