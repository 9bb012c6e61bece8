package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/providers/builtin/claim"
)

// maxIndex bounds the index of a layout, in bytes.
const maxIndex = 64 << 20

// directory is a registry in the file system, absolute.
type directory string

func (d directory) String() string { return "file://" + filepath.ToSlash(string(d)) }

// Names lists the layouts at most three levels below the directory.
func (d directory) Names(ctx context.Context) ([]string, error) {
	if err := d.there(); err != nil {
		return nil, err
	}
	var names []string
	for _, pattern := range []string{"*", "*/*", "*/*/*"} {
		found, err := filepath.Glob(filepath.Join(string(d), pattern, v1.ImageLayoutFile))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			name, err := filepath.Rel(string(d), filepath.Dir(path))
			if err != nil {
				return nil, err
			}
			names = append(names, filepath.ToSlash(name))
		}
	}
	return names, ctx.Err()
}

func (d directory) Repository(name string) (Repository, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, fmt.Errorf("%s cannot hold a repository %q", d, name)
	}
	return listed{layout(filepath.Join(string(d), filepath.FromSlash(name))), d}, nil
}

// there is an error unless the directory is: one that is not mounted would else pass for an empty registry, and the next one be
// asked. Who publishes makes it.
func (d directory) there() error {
	_, err := os.Stat(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the registry %s cannot be asked: there is no directory %s; a share may have to be mounted", d, string(d))
	}
	return err
}

// listed is a layout of a directory that has to be there when somebody asks what there is.
type listed struct {
	layout
	of directory
}

func (l listed) Tags(ctx context.Context) ([]string, error) {
	if err := l.of.there(); err != nil {
		return nil, err
	}
	return l.layout.Tags(ctx)
}

// layout is a repository with the OCI image layout. Blobs appear by a rename; the index is replaced whole under a lock,
// and the tag in it is what makes a version visible.
type layout string

func (l layout) Tags(context.Context) ([]string, error) {
	index, err := l.index()
	var tags []string
	for _, m := range index.Manifests {
		if tag := m.Annotations[v1.AnnotationRefName]; tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags, err
}

func (l layout) Resolve(_ context.Context, tag string) (v1.Descriptor, error) {
	index, err := l.index()
	if err != nil {
		return v1.Descriptor{}, err
	}
	if at := find(index, tag); at >= 0 {
		d := index.Manifests[at]
		return v1.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}, nil
	}
	return v1.Descriptor{}, fmt.Errorf("%s has no %s: %w", string(l), tag, fs.ErrNotExist)
}

func find(index v1.Index, tag string) int {
	return slices.IndexFunc(index.Manifests, func(m v1.Descriptor) bool { return m.Annotations[v1.AnnotationRefName] == tag })
}

func (l layout) Fetch(_ context.Context, d v1.Descriptor) (Content, error) {
	if err := d.Digest.Validate(); err != nil {
		return nil, err
	}
	return openFile(l.blob(d.Digest))
}

// openFile opens a regular file and nothing else: a pipe would block.
func openFile(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	return os.Open(path)
}

func (l layout) Push(ctx context.Context, d v1.Descriptor, content []byte) error {
	if err := l.put(d, bytes.NewReader(content)); err != nil {
		return err
	}
	var manifest struct{ Subject *v1.Descriptor }
	if d.MediaType != v1.MediaTypeImageManifest || json.Unmarshal(content, &manifest) != nil || manifest.Subject == nil {
		return nil
	}
	return l.update(ctx, func(index *v1.Index) error {
		if !slices.ContainsFunc(index.Manifests, func(m v1.Descriptor) bool { return m.Digest == d.Digest }) {
			index.Manifests = append(index.Manifests, d)
		}
		return nil
	})
}

func (l layout) PushFile(_ context.Context, d v1.Descriptor, path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return l.put(d, f)
}

func (l layout) Tag(ctx context.Context, d v1.Descriptor, content []byte, tag string, replace bool) error {
	if err := l.put(d, bytes.NewReader(content)); err != nil {
		return err
	}
	return l.update(ctx, func(index *v1.Index) error {
		at := find(*index, tag)
		switch {
		case at < 0:
			at = len(index.Manifests)
			index.Manifests = append(index.Manifests, d)
		case index.Manifests[at].Digest != d.Digest && !replace:
			return fmt.Errorf("%s: %w", tag, ErrTaken)
		}
		d.Annotations = map[string]string{v1.AnnotationRefName: tag}
		index.Manifests[at] = d
		return nil
	})
}

func (l layout) Referrers(ctx context.Context, subject v1.Descriptor) ([]v1.Descriptor, error) {
	index, err := l.index()
	var list []v1.Descriptor
	for _, d := range index.Manifests {
		if d.MediaType != v1.MediaTypeImageManifest {
			continue
		}
		content, err := Read(ctx, l, d, maxIndex)
		if err != nil {
			return nil, err
		}
		var manifest v1.Manifest
		if json.Unmarshal(content, &manifest) == nil && manifest.Subject != nil && manifest.Subject.Digest == subject.Digest {
			d.ArtifactType = manifest.ArtifactType
			list = append(list, d)
		}
	}
	return list, err
}

// put makes a blob durable under its digest.
func (l layout) put(d v1.Descriptor, content io.Reader) (err error) {
	path := l.blob(d.Digest)
	if info, err := os.Stat(path); err == nil && info.Size() == d.Size {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // where it was renamed nothing is left to remove
	verifier := d.Digest.Verifier()
	n, err := io.Copy(io.MultiWriter(f, verifier), content)
	if err == nil && (n != d.Size || !verifier.Verified()) {
		err = fmt.Errorf("%s: %w", d.Digest, ErrDamaged)
	}
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return disk.OS{}.SyncDir(filepath.Dir(path))
}

// update changes the index, one process at a time.
func (l layout) update(ctx context.Context, change func(*v1.Index) error) (err error) {
	lock, err := claim.Acquire(ctx, filepath.Join(string(l), ".lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	index, err := l.index()
	if err != nil {
		return err
	}
	if err := change(&index); err != nil {
		return err
	}
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	version := `{"imageLayoutVersion":"` + v1.ImageLayoutVersion + `"}`
	if err := disk.WriteFile(disk.OS{}, filepath.Join(string(l), v1.ImageLayoutFile), []byte(version), 0o644); err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, filepath.Join(string(l), v1.ImageIndexFile), text, 0o644)
}

// index reads the index; one that is not there is empty.
func (l layout) index() (index v1.Index, err error) {
	index.SchemaVersion, index.MediaType = 2, v1.MediaTypeImageIndex
	path := filepath.Join(string(l), v1.ImageIndexFile)
	f, err := openFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return index, nil
	}
	if err != nil {
		return index, err
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxIndex)).Decode(&index); err != nil {
		return index, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return index, nil
}

func (l layout) blob(d digest.Digest) string {
	return filepath.Join(string(l), v1.ImageBlobsDir, d.Algorithm().String(), strings.ToLower(d.Encoded()))
}
