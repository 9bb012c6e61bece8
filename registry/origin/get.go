package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/nsynapse/recipe/providers/builtin/archive"
	"github.com/nsynapse/recipe/providers/builtin/claim"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

const (
	defaultLimit = 1 << 30                // in bytes: of an archive as it is sent, and of a repository with its history
	glance       = 100 * time.Millisecond // between two looks at the size of what git gets
)

// Place keeps what was got, in a directory. The zero value of Limit is good. It is safe for concurrent use, also by
// several processes.
type Place struct {
	Dir   string
	Limit int64 // of what is got, in bytes; 0 for 1 GiB
}

func (p Place) limit() int64 {
	if p.Limit == 0 {
		return defaultLimit
	}
	return p.Limit
}

// Pin finds out what an address stands for now: its digest, or the full id of a commit. Known is what it stood for
// before, and is taken as it is; "" if nobody knows.
func (a Address) Pin(ctx context.Context, known string) (string, error) {
	switch fixed := a.Fixed(); {
	case fixed != "":
		return fixed, nil
	case commitPattern.MatchString(known):
		return known, nil
	}
	return a.ask(ctx)
}

// ask asks the repository for the commit of a tag, or else a branch.
func (a Address) ask(ctx context.Context) (string, error) {
	names := []string{"HEAD"}
	if a.ref != "" {
		names = []string{"refs/tags/" + a.ref + "^{}", "refs/tags/" + a.ref, "refs/heads/" + a.ref}
	}
	cmd := exec.CommandContext(ctx, "git", append([]string{"ls-remote", "--", a.location}, names...)...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cannot ask %s: %w: %s", a.location, err, strings.TrimSpace(errs.String()))
	}
	commits := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if commit, name, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && commitPattern.MatchString(commit) {
			commits[name] = commit
		}
	}
	for _, name := range names {
		if commits[name] != "" {
			return commits[name], nil
		}
	}
	if a.ref == "" {
		return "", fmt.Errorf("there is no commit in %s", a.location)
	}
	return "", fmt.Errorf("there is no tag or branch %s in %s; a commit is named by its full id", a.ref, a.location)
}

// Get returns the directory of an address at a pin. It is got if it is not there.
func (p Place) Get(ctx context.Context, a Address, pin string) (dir string, err error) {
	if p.Dir == "" {
		return "", errors.New("internal error: there is no place for what is got")
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return "", err
	}
	whole := filepath.Join(p.Dir, a.Key(pin))
	there, err := p.ask(ctx, whole)
	if err == nil && !there {
		err = p.fill(ctx, a, pin, whole)
	}
	if err != nil {
		return "", err
	}
	return inside(whole, a.sub)
}

// inside is the directory sub of one that was got; links in it lead nowhere else.
func inside(whole, sub string) (string, error) {
	root, err := os.OpenRoot(whole)
	if err != nil {
		return "", err
	}
	defer root.Close()
	info, err := root.Stat(sub)
	if err != nil || !info.IsDir() {
		return "", fmt.Errorf("it has no directory %s", sub)
	}
	dir := filepath.Join(whole, filepath.FromSlash(sub))
	return dir, archive.CheckLinks(dir)
}

// fill makes the directory whole, which appears complete or not at all.
func (p Place) fill(ctx context.Context, a Address, pin, whole string) (err error) {
	lock, err := claim.Acquire(ctx, whole+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := os.Stat(whole); err == nil {
		return nil // by another process
	}
	work, err := os.MkdirTemp(p.Dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	got := filepath.Join(work, "got")
	if err := os.Mkdir(got, 0o755); err != nil {
		return err
	}
	if a.git {
		err = p.clone(ctx, a, pin, got)
	} else {
		err = p.download(ctx, a, work, got)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	if err := os.Chtimes(got, now, now); err != nil { // an archive may say otherwise
		return err
	}
	return os.Rename(got, whole)
}

func (p Place) download(ctx context.Context, a Address, work, dir string) error {
	fetcher, err := fetch.New(filepath.Join(work, "download"), fetch.Options{})
	if err != nil {
		return err
	}
	path, err := fetcher.Fetch(ctx, fetch.Request{URLs: []string{a.location}, SHA256: a.sha256, Limit: p.limit()}, sdk.Report{})
	if err != nil {
		return err
	}
	return archive.Unpack(ctx, path, a.sha256, 0, dir)
}

// clone gets a commit, and ends git when that takes more room than the limit.
func (p Place) clone(ctx context.Context, a Address, commit, dir string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- archive.Clone(ctx, a.location, commit, dir) }()
	look := time.NewTicker(glance)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return cause(ctx, err)
			}
			return p.fits(dir)
		case <-look.C:
			if err := p.fits(dir); err != nil {
				cancel(err)
			}
		}
	}
}

// cause is why the context ended, if it did, and else the error.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

// fits fails if a directory, which may be changing, has more bytes than the limit.
func (p Place) fits(dir string) error {
	if sizeOf(dir) > p.limit() {
		return fmt.Errorf("the repository has more than %d bytes", p.limit())
	}
	return nil
}

// sizeOf is how many bytes the files in a directory have, which may be changing.
func sizeOf(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it went away meanwhile
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}
