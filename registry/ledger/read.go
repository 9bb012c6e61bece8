package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/nsynapse/recipe/registry/oci"
)

// Repository is where the log lies, below the address of the registry.
const Repository = "recipe/log"

// Media types and the artifact type; see the description of the package.
const (
	ArtifactType = "application/vnd.recipe.log.v1"
	headType     = "application/vnd.recipe.log.head.v1"
	keyType      = "application/vnd.recipe.log.key.v1"
	tileType     = "application/vnd.recipe.log.tile.v1"
)

// Bounds of what is read, in bytes, and of how many appends a head may be behind.
const (
	maxManifest = 4 << 20
	maxNote     = 4 << 10
	maxTile     = 256 << 10
	maxBehind   = 10_000
)

const headTag = "_head" // tags with an underscore may be replaced

func tagOf(size int64) string { return fmt.Sprintf("n.%d", size) }

// page is the manifest of the log at one size, verified as far as its signature goes.
type page struct {
	v1.Descriptor
	content []byte
	head    Head
	tiles   []v1.Descriptor
}

// Load reads the log of a registry and works out that it is what its head says; one that is not there is empty. Seen is
// a size that it had before, which is looked for if it seems to be shorter. The registry is asked for at least two tags.
func Load(ctx context.Context, r oci.Registry, seen int64) (*Log, error) {
	l, _, err := load(ctx, r, seen)
	return l, err
}

func load(ctx context.Context, r oci.Registry, seen int64) (*Log, *page, error) {
	repository, err := r.Repository(Repository)
	if err != nil {
		return nil, nil, err
	}
	p, err := newest(ctx, repository, seen)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the log of %s: %w", r, err)
	}
	var records []Record
	for _, d := range p.tiles {
		text, err := oci.Read(ctx, repository, d, maxTile)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot read the log of %s: %w", r, err)
		}
		more, err := parseTile(text)
		if err != nil {
			return nil, nil, fmt.Errorf("the log of %s: %w", r, err)
		}
		records = append(records, more...)
	}
	l, err := build(records)
	if err != nil {
		return nil, nil, err
	}
	if l.Head.Size != p.head.Size || l.Head.Root != p.head.Root {
		return nil, nil, fmt.Errorf("the log of %s is not the one that its head was signed for: %s, and its records make %s", r, p.head, l.Head)
	}
	l.Head.Key = p.head.Key
	return l, p, nil
}

// newest finds the last page, beginning with the tag head or the size that was seen.
func newest(ctx context.Context, r oci.Repository, seen int64) (*page, error) {
	at, err := open(ctx, r, headTag)
	if err != nil {
		return nil, err
	}
	if seen > at.head.Size {
		if at, err = further(ctx, r, at, seen); err != nil {
			return nil, err
		}
	}
	for range maxBehind {
		next, err := further(ctx, r, at, at.head.Size+1)
		if err != nil || next == at {
			return at, err
		}
		at = next
	}
	return nil, fmt.Errorf("its head is more than %d records behind", maxBehind)
}

// further is the page with that size, or at if there is none.
func further(ctx context.Context, r oci.Repository, at *page, size int64) (*page, error) {
	p, err := open(ctx, r, tagOf(size))
	switch {
	case err != nil:
		return nil, err
	case p.head.Size == 0:
		return at, nil
	case p.head.Size != size:
		return nil, fmt.Errorf("the log that is tagged %s has %d records", tagOf(size), p.head.Size)
	}
	return p, nil
}

// open reads the page that a tag stands for; an empty one if it stands for none. Who may not read it gets an empty one
// too: registries answer so about what is not there, and who saw a log demands it.
func open(ctx context.Context, r oci.Repository, tag string) (*page, error) {
	d, err := r.Resolve(ctx, tag)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, oci.ErrDenied) {
		return &page{}, nil
	}
	if err != nil {
		return nil, err
	}
	p := &page{Descriptor: d}
	if p.content, err = oci.Read(ctx, r, d, maxManifest); err != nil {
		return nil, err
	}
	var m v1.Manifest
	if err := json.Unmarshal(p.content, &m); err != nil || m.Config.MediaType != headType || len(m.Layers) < 2 {
		return nil, fmt.Errorf("%s is no page of a log", d.Digest)
	}
	p.tiles = m.Layers[1:]
	p.head, err = openHead(ctx, r, m.Config, m.Layers[0])
	return p, err
}

// openHead reads a head that its key has signed.
func openHead(ctx context.Context, r oci.Repository, head, key v1.Descriptor) (Head, error) {
	text, err := oci.Read(ctx, r, key, maxNote)
	if err != nil {
		return Head{}, err
	}
	signed, err := oci.Read(ctx, r, head, maxNote)
	if err != nil {
		return Head{}, err
	}
	verifier, err := note.NewVerifier(string(text))
	if err != nil {
		return Head{}, fmt.Errorf("the key of the log: %w", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Head{}, fmt.Errorf("the head of the log is not signed with its key: %w", err)
	}
	tree, err := tlog.ParseTree([]byte(opened.Text))
	if err != nil || tree.N < 1 {
		return Head{}, fmt.Errorf("the head of the log cannot be read: %q", opened.Text)
	}
	return Head{Size: tree.N, Root: tree.Hash, Key: string(text)}, nil
}
