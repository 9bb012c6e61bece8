package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/archive"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/store"
)

// Fetch puts the files for a platform into the store and returns their key. Nothing is unpacked before it has the digest
// that was signed. A revoked version is refused.
func (r *Release) Fetch(ctx context.Context, platform string, s *store.Store) (key string, err error) {
	a, err := r.allowed(platform)
	if err != nil {
		return "", err
	}
	_, err = s.Add(ctx, a.Content.Tree, func(dir string) error { return r.unpack(ctx, a, dir, archive.Extract) })
	if errors.Is(err, store.ErrOther) {
		err = fmt.Errorf("the files of %s %s are refused: %w", r.Name, r.Version, err)
	}
	return a.Content.Tree, err
}

// FetchTo is Fetch into a directory, which is empty.
func (r *Release) FetchTo(ctx context.Context, platform, dir string) error {
	a, err := r.allowed(platform)
	if err != nil {
		return err
	}
	return r.unpack(ctx, a, dir, archive.Unpack)
}

// Look returns the files for a platform without unpacking them, with the promises of Fetch. The error is
// archive.ErrNotForMemory when they are too many for that.
func (r *Release) Look(ctx context.Context, platform string) (fs.FS, error) {
	a, err := r.allowed(platform)
	if err != nil {
		return nil, err
	}
	if a.Size > archive.MaxMemory {
		return nil, archive.ErrNotForMemory
	}
	repository, err := r.from.registry.Repository(r.Name)
	if err != nil {
		return nil, err
	}
	packed, err := oci.Read(ctx, repository, a.descriptor(), archive.MaxMemory)
	if err != nil {
		return nil, r.notGot(err)
	}
	files, err := archive.Read(ctx, bytes.NewReader(packed), a.Content)
	if err != nil && !errors.Is(err, archive.ErrNotForMemory) {
		err = fmt.Errorf("the files of %s %s are refused: %w", r.Name, r.Version, err)
	}
	return files, err
}

// Attached returns what was published beside the release, of an artifact type; none if there is nothing. Nobody has
// verified it, and others who may push there can have added some.
func (r *Release) Attached(ctx context.Context, artifactType string) (all [][]byte, err error) {
	repository, err := r.from.registry.Repository(r.Name)
	if err != nil {
		return nil, err
	}
	referrers, err := repository.Referrers(ctx, v1.Descriptor{MediaType: v1.MediaTypeImageIndex, Digest: r.Digest})
	if err != nil {
		return nil, err
	}
	for _, d := range referrers {
		if d.ArtifactType != artifactType {
			continue
		}
		content, err := r.attachment(ctx, repository, d)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

func (r *Release) attachment(ctx context.Context, repository oci.Fetcher, d v1.Descriptor) ([]byte, error) {
	var image v1.Manifest
	if err := readJSON(ctx, repository, d, v1.MediaTypeImageManifest, &image); err != nil {
		return nil, err
	}
	if len(image.Layers) != 1 || image.Subject == nil || image.Subject.Digest != r.Digest {
		return nil, fmt.Errorf("%s is not about %s %s", d.Digest, r.Name, r.Version)
	}
	return oci.Read(ctx, repository, image.Layers[0], maxAttached)
}

// maxAttached bounds what is published beside a release, in bytes.
const maxAttached = 64 << 20

func (r *Release) allowed(platform string) (Archive, error) {
	if r.Status.State == Revoked {
		return Archive{}, fmt.Errorf("%s %s %s", r.Name, r.Version, r.Status.Told())
	}
	if err := r.stillTrusted(); err != nil {
		return Archive{}, &Refusal{r.Registry, r.Name, r.Version.String(), err}
	}
	return r.For(platform)
}

// stillTrusted demands that the key of the release is a good one by what is known now: since it was verified, another version may
// have brought its revocation. The error is *trust.Untrusted.
func (r *Release) stillTrusted() error {
	return r.from.reader.Ring.Trusts(Namespace(r.Name), r.Signer.Fingerprint())
}

// unpacker is archive.Unpack, or archive.Extract where the store holds the files against their tree.
type unpacker func(ctx context.Context, r io.Reader, dir string, c archive.Content) error

func (r *Release) unpack(ctx context.Context, a Archive, dir string, by unpacker) error {
	repository, err := r.from.registry.Repository(r.Name)
	if err != nil {
		return err
	}
	return r.unpackFrom(ctx, repository, a, dir, by)
}

// unpackFrom gets an archive beside everything else, where it does not count before it is verified.
func (r *Release) unpackFrom(ctx context.Context, from oci.Fetcher, a Archive, dir string, by unpacker) (err error) {
	f, err := os.CreateTemp("", "recipe-archive-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := oci.Copy(ctx, from, a.descriptor(), f); err != nil {
		return r.notGot(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := by(ctx, f, dir, a.Content); err != nil {
		return r.notUnpacked(err)
	}
	return nil
}

// notGot says of an archive that it was not got. Only one that is not what was signed is refused: a registry that does not
// answer, or a full disk, is nobody's attempt at anything.
func (r *Release) notGot(err error) error {
	if errors.Is(err, oci.ErrDamaged) {
		return fmt.Errorf("the files of %s %s from %s are refused: %w", r.Name, r.Version, r.Registry, err)
	}
	return fmt.Errorf("cannot get the files of %s %s: %w", r.Name, r.Version, err)
}

// notUnpacked says of an archive, which is the one that was signed, that it was not unpacked.
func (r *Release) notUnpacked(err error) error {
	var place *fs.PathError // a file could not be written
	if errors.As(err, &place) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("cannot unpack the files of %s %s: %w", r.Name, r.Version, err)
	}
	return fmt.Errorf("the files of %s %s are refused: %w", r.Name, r.Version, err)
}
