package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/nsynapse/recipe/planner/semver"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// Media types and artifact types; see the description of the package.
const (
	PackageType    = "application/vnd.recipe.package.v1"
	StatusType     = "application/vnd.recipe.status.v1"
	manifestType   = "application/vnd.recipe.manifest.v1"
	archiveType    = "application/vnd.recipe.archive.v1.tar+zstd"
	keysType       = "application/vnd.recipe.keys.v1+json"
	schemaType     = "application/vnd.recipe.schema.v1+json"
	statusNoteType = "application/vnd.recipe.status.v1+note"
)

// maxIndex bounds index and manifests, in bytes, as registries do.
const maxIndex = 4 << 20

// Client reads one registry and publishes there. It is safe for concurrent use.
type Client struct {
	registry oci.Registry
	reader   Reader

	logging sync.Mutex  // held while the log is read
	log     *ledger.Log // as it was read last; nil before

	proving sync.Mutex // for what follows
	proofs  *verified  // nil before anybody asked
	proven  bool       // something was verified that is not kept yet
}

// New returns a client of the registry for a reader.
func New(registry oci.Registry, reader Reader) *Client {
	if reader.Cache != "" {
		registry = oci.Cache(registry, oci.Objects(reader.Cache))
	}
	return &Client{registry: registry, reader: reader}
}

// Release is a version that was verified.
type Release struct {
	*Manifest
	Status   Status
	Registry string
	Digest   digest.Digest // of the index
	Signer   trust.Public

	from  *Client
	index v1.Descriptor
}

// Refusal says that something of a registry was not taken.
type Refusal struct {
	Registry, Name, Version string
	Err                     error
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%s %s from %s is refused: %v", r.Name, r.Version, r.Registry, r.Err)
}

func (r *Refusal) Unwrap() error { return r.Err }

// Versions lists the versions of a package, newest first, whatever their status; none if the package is not there.
// Nothing of them is verified yet. The error is a *Changed when one is missing that was there.
func (c *Client) Versions(ctx context.Context, name string) ([]semver.Version, error) {
	r, err := c.registry.Repository(name)
	if err != nil {
		return nil, err
	}
	tags, err := r.Tags(ctx)
	if err != nil {
		return nil, err
	}
	var versions []semver.Version
	for _, tag := range tags {
		if v, ok := versionOf(tag); ok {
			versions = append(versions, v)
		}
	}
	slices.SortFunc(versions, func(a, b semver.Version) int { return b.Compare(a) })
	return versions, c.reader.Memory.listed(c.registry.String(), name, versions)
}

// between is how long it takes a publisher at most to put a tag after it was recorded, or rather how long we wait for it.
const between = 300 * time.Millisecond

// Release returns a version with its manifest and status, both verified and in the log of the registry. The error is
// fs.ErrNotExist when there is no such version, and a *Refusal when it is not what a trusted publisher has signed.
func (c *Client) Release(ctx context.Context, name, version string) (*Release, error) {
	keys := c.keys()
	release, err := c.once(ctx, name, version)
	var unlogged *Unlogged
	if errors.As(err, &unlogged) { // it may be changing at the moment
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		release, err = c.once(ctx, name, version)
	}
	if err == nil {
		if err = c.reader.Memory.saw(ctx, release); err == nil {
			c.prove(keys, release)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &Refusal{c.registry.String(), name, version, err}
	}
	return release, err
}

// once verifies a version and its status, and holds them against the log.
func (c *Client) once(ctx context.Context, name, version string) (*Release, error) {
	r, status, err := c.verify(ctx, name, version)
	if err != nil {
		return nil, err
	}
	if err := c.reader.Memory.same(r); err != nil {
		return nil, err
	}
	return r, c.recorded(ctx, r, status)
}

// verify is once without the log; it returns the digest of the status too, "" if there is none.
func (c *Client) verify(ctx context.Context, name, version string) (release *Release, status digest.Digest, err error) {
	r, err := c.registry.Repository(name)
	if err != nil {
		return nil, "", err
	}
	if release, err = c.release(ctx, r, name, version); err != nil {
		return nil, "", err
	}
	release.Status, status, err = c.status(ctx, r, name, version)
	return release, status, err
}

// absent is an fs.ErrNotExist with its own words.
type absent string

func (a absent) Error() string { return string(a) }

func (absent) Is(target error) bool { return target == fs.ErrNotExist }

func (c *Client) release(ctx context.Context, r oci.Repository, name, version string) (*Release, error) {
	d, err := r.Resolve(ctx, tagOf(version))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent(fmt.Sprintf("there is no %s %s in %s", name, version, c.registry))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look up %s %s: %w", name, version, err)
	}
	return c.read(ctx, r, d, name, version)
}

// read verifies the release whose index is d.
func (c *Client) read(ctx context.Context, r oci.Fetcher, d v1.Descriptor, name, version string) (*Release, error) {
	var index v1.Index
	if err := readJSON(ctx, r, d, v1.MediaTypeImageIndex, &index); err != nil {
		return nil, err
	}
	if len(index.Manifests) == 0 {
		return nil, errors.New("it has no platforms")
	}
	text, by, err := c.open(ctx, r, index.Manifests[0], manifestType, name)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(text, name, version)
	if err != nil {
		return nil, err
	}
	return &Release{Manifest: m, Registry: c.registry.String(), Digest: d.Digest, Signer: by, from: c, index: d}, nil
}

// status is that of a version, and the digest of its manifest; without a word of the publisher it is available.
func (c *Client) status(ctx context.Context, r oci.Repository, name, version string) (Status, digest.Digest, error) {
	d, err := r.Resolve(ctx, statusTag+tagOf(version))
	if errors.Is(err, fs.ErrNotExist) {
		v, err := semver.Parse(version)
		return Status{Name: name, Version: v, State: Available}, "", err
	}
	if err != nil {
		return Status{}, "", err
	}
	text, _, err := c.open(ctx, r, d, statusNoteType, name)
	if err != nil {
		return Status{}, "", fmt.Errorf("its status: %w", err)
	}
	status, err := parseStatus(text, name, version)
	return status, d.Digest, err
}

// open reads the note that is the config of an image manifest and returns its text, which somebody who may sign for the
// package has signed.
func (c *Client) open(ctx context.Context, r oci.Fetcher, d v1.Descriptor, config, name string) (string, trust.Public, error) {
	var m v1.Manifest
	if err := readJSON(ctx, r, d, v1.MediaTypeImageManifest, &m); err != nil {
		return "", trust.Public{}, err
	}
	if m.Config.MediaType != config {
		return "", trust.Public{}, fmt.Errorf("%s is a %s, not a %s", d.Digest, m.Config.MediaType, config)
	}
	signed, err := oci.Read(ctx, r, m.Config, trust.MaxNote)
	if err != nil {
		return "", trust.Public{}, err
	}
	history, err := c.history(ctx, r, m.Layers)
	if err != nil {
		return "", trust.Public{}, err
	}
	return c.reader.Ring.Verify(ctx, Namespace(name), signed, history)
}

// history reads the publisher's keys among the layers.
func (c *Client) history(ctx context.Context, r oci.Fetcher, layers []v1.Descriptor) (trust.History, error) {
	at := slices.IndexFunc(layers, func(d v1.Descriptor) bool { return d.MediaType == keysType })
	if at < 0 {
		return trust.History{}, nil
	}
	text, err := oci.Read(ctx, r, layers[at], trust.MaxHistory)
	if err != nil {
		return trust.History{}, err
	}
	return trust.ParseHistory(text)
}

func readJSON(ctx context.Context, r oci.Fetcher, d v1.Descriptor, mediaType string, v any) error {
	if d.MediaType != mediaType {
		return fmt.Errorf("%s is a %s, not a %s", d.Digest, d.MediaType, mediaType)
	}
	text, err := oci.Read(ctx, r, d, maxIndex)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("cannot read %s: %w", d.Digest, err)
	}
	return nil
}

// String is the address of the registry.
func (c *Client) String() string { return c.registry.String() }
