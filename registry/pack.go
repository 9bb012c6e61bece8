package registry

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry/archive"
)

// Pack makes the archive of the package in dir, for a platform, as the file at path.
func Pack(ctx context.Context, dir, platform, path string) (a Archive, err error) {
	f, err := os.Create(path)
	if err != nil {
		return a, err
	}
	sum, size := digest.SHA256.Digester(), &counter{}
	a.Content, err = archive.Pack(ctx, dir, io.MultiWriter(f, sum.Hash(), size))
	a.Platform, a.Digest, a.Size = platform, sum.Digest(), size.n
	if err := errors.Join(err, f.Close()); err != nil {
		return a, errors.Join(err, os.Remove(path))
	}
	return a, nil
}

// PackAll makes the archives of a version in the directory work: dirs has a directory for each platform.
func PackAll(ctx context.Context, m *Manifest, dirs map[string]string, work string) (Files, error) {
	files := Files{}
	for _, platform := range slices.Sorted(maps.Keys(dirs)) {
		dir := dirs[platform]
		path := filepath.Join(work, strings.ReplaceAll(platform, "/", "-")+".tar.zst")
		a, err := Pack(ctx, dir, platform, path)
		if err != nil {
			return nil, err
		}
		m.Archives = append(m.Archives, a)
		files[platform] = path
	}
	return files, nil
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}
