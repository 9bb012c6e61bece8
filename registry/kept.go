package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// Keep has what was signed of the release read again by Kept. Its files are not in that: they go to the store.
func (r *Release) Keep(ctx context.Context) error {
	c := r.from
	if c.reader.Cache == "" {
		return nil
	}
	repository, err := c.registry.Repository(r.Name)
	if err != nil {
		return err
	}
	if _, err = c.read(ctx, c.kept(repository), r.index, r.Name, r.Version.String()); err != nil {
		return err
	}
	return r.pass(ctx, c.kept(repository))
}

// Kept returns a release of this registry without asking it: what was kept is verified again, with the keys that are trusted
// now. Its status is the newest that this reader has seen. The error is fs.ErrNotExist when something of it is not kept.
func (c *Client) Kept(ctx context.Context, name, version string, index digest.Digest) (*Release, error) {
	keys := c.keys()
	if r := c.proved(keys, name, version, index); r != nil {
		status, err := c.reader.Memory.status(r)
		r.Status = status
		return r, err
	}
	if c.reader.Cache == "" {
		return nil, fs.ErrNotExist
	}
	objects := oci.Objects(c.reader.Cache)
	d, err := objects.Find(index, v1.MediaTypeImageIndex)
	if err != nil {
		return nil, fmt.Errorf("%s %s is not kept: %w", name, version, fs.ErrNotExist)
	}
	r, err := c.read(ctx, objects, d, name, version)
	if err == nil {
		c.prove(keys, r)
		r.Status, err = c.reader.Memory.status(r)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &Refusal{c.String(), name, version, err}
	}
	return r, err
}

// RevokedKey reports whether a key of a namespace was revoked, as far as this reader knows. It reads the trusted keys.
func (c *Client) RevokedKey(namespace string, key trust.Fingerprint) bool {
	return revoked(c.reader.Ring.Trusts(namespace, key))
}

// Withdrawn says how a publisher has taken back a version since it was chosen, such as "was yanked by its publisher: loses orders",
// as far as this reader knows: the registry is not asked. It is "" for one that was not. RevokedKey says whether the key was revoked that
// it was signed with; refused is true for what is not taken any more.
func (c *Client) Withdrawn(name string, version semver.Version, revokedKey bool) (how string, refused bool) {
	if revokedKey {
		return "is signed with a key of " + Namespace(name) + " that was revoked", true
	}
	status, err := c.reader.Memory.status(&Release{Manifest: &Manifest{Name: name, Version: version}, Registry: c.String()})
	if err != nil || status.State == Available {
		return "", false
	}
	return status.Told(), status.State == Revoked
}
