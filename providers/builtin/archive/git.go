package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-getter/v2"
)

// Clone puts the files of the commit, which is named by its full id, into the empty directory. Git itself proves that
// they are those of the commit: its id is a digest over all of them. It needs the git command.
func Clone(ctx context.Context, source, commit, dir string) error {
	u, err := url.Parse(source)
	if err != nil {
		return err
	}
	// A full id is always taken as one, even where a branch has it as its name.
	u.RawQuery = url.Values{"ref": {commit}}.Encode()
	work := filepath.Join(dir, ".clone") // git wants to make the directory itself
	client := &getter.Client{Getters: []getter.Getter{&getter.GitGetter{}}, DisableSymlinks: true}
	request := &getter.Request{Src: "git::" + u.String(), Dst: work, GetMode: getter.ModeDir}
	if _, err := client.Get(ctx, request); err != nil {
		return fmt.Errorf("cannot clone: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(work, ".git")); err != nil {
		return err
	}
	entries, err := os.ReadDir(work)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(work, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(work), CheckLinks(dir))
}

// CheckLinks fails if a link leads out of the directory.
func CheckLinks(dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type() != fs.ModeSymlink {
			return err
		}
		if _, err := root.Stat(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("link %s cannot be followed inside the tree: %w", path, err)
		}
		return nil
	})
}
