package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/nsynapse/recipe/registry/oci"
)

// attempts is how often it is tried to append while others do.
const attempts = 100

// ErrKept says that the registry appends to its log itself.
var ErrKept = errors.New("the registry keeps its log itself")

// Signer signs heads. String is its public key, as the note package writes it.
type Signer interface {
	Sign(text string) ([]byte, error)
	String() string
}

// Append adds a record, unless the last one about its tag says the same, and returns the log with it. It may be called
// by many at the same time. The error is ErrKept when the server appends and by is not the server's key.
func Append(ctx context.Context, r oci.Registry, record Record, by Signer) (*Log, error) {
	if _, err := parseRecord(record.line()[:len(record.line())-1]); err != nil {
		return nil, err
	}
	for range attempts {
		old, p, err := load(ctx, r, 0)
		switch {
		case err != nil:
			return nil, err
		case KeptByServer(old.Head.Key) && old.Head.Key != by.String():
			return old, ErrKept
		case old.Last(record.Repository, record.Tag) == record.Digest:
			return old, settle(ctx, r)
		}
		l, err := build(append(slices.Clone(old.Records), record))
		if err != nil {
			return nil, err
		}
		if err = l.put(ctx, r, p.tiles, by); !errors.Is(err, oci.ErrTaken) {
			return l, err
		}
	}
	return nil, fmt.Errorf("cannot append to the log of %s: others did %d times meanwhile", r, attempts)
}

// put writes a log that has one more record than the one with the tiles. The error is ErrTaken when another came first.
func (l *Log) put(ctx context.Context, r oci.Registry, tiles []v1.Descriptor, by Signer) error {
	repository, err := r.Repository(Repository)
	if err != nil {
		return err
	}
	last := (len(l.Records) - 1) / perTile
	tile := []byte(l.tile(last))
	tiles = append(slices.Clone(tiles[:last]), oci.Describe(tileType, tile))
	signed, err := by.Sign(string(tlog.FormatTree(tlog.Tree{N: l.Head.Size, Hash: l.Head.Root})))
	if err != nil {
		return err
	}
	l.Head.Key = by.String()
	key := []byte(l.Head.Key)
	manifest, err := json.Marshal(v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest, ArtifactType: ArtifactType,
		Config: oci.Describe(headType, signed), Layers: append([]v1.Descriptor{oci.Describe(keyType, key)}, tiles...)})
	if err != nil {
		return err
	}
	for mediaType, content := range map[string][]byte{headType: signed, keyType: key, tileType: tile} {
		if err := repository.Push(ctx, oci.Describe(mediaType, content), content); err != nil {
			return err
		}
	}
	if err := repository.Tag(ctx, oci.Describe(v1.MediaTypeImageManifest, manifest), manifest, tagOf(l.Head.Size), false); err != nil {
		return err
	}
	return settle(ctx, r)
}

// settle puts the tag head on the newest page. Somebody slower may have put it on an older one meanwhile; he does the
// same, so that the last of them leaves it where it belongs.
func settle(ctx context.Context, r oci.Registry) error {
	repository, err := r.Repository(Repository)
	if err != nil {
		return err
	}
	for {
		p, err := newest(ctx, repository, 0)
		if err != nil {
			return err
		}
		if d, err := repository.Resolve(ctx, headTag); err == nil && d.Digest == p.Digest {
			return nil
		}
		if err := repository.Tag(ctx, p.Descriptor, p.content, headTag, true); err != nil {
			return err
		}
	}
}
