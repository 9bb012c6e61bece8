package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/providers/sdk"
)

// toolchain is one build: Go and everything that the result depends on.
type toolchain struct {
	program string // the go command
	source  string
	pkg     string
	ldflags string
	own     map[string]string // the recipe's part of environ
	environ []string
	version string // "go1.26.8"
	target  string // GOOS, GOARCH and the flags of the host: the object that go env prints
}

// command is the go command with arguments, in the source directory.
func (t toolchain) command(line func(string), arguments ...string) process {
	return process{path: t.program, arguments: arguments, directory: t.source, environ: t.environ, user: -1, group: -1, line: line}
}

// ask fills in the version, which the source's go.mod may choose, and the target.
func (t *toolchain) ask(ctx context.Context) error {
	var said strings.Builder
	p := t.command(func(line string) { said.WriteString(line) },
		"env", "-json", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM", "GOARM64", "GOEXPERIMENT", "GOFLAGS")
	if err := p.run(ctx); err != nil {
		return err
	}
	_, object, _ := strings.Cut(said.String(), "{") // Go may say before that it downloads a toolchain
	t.target = "{" + object
	var settings struct{ GOVERSION string }
	if err := json.Unmarshal([]byte(t.target), &settings); err != nil || settings.GOVERSION == "" {
		return fmt.Errorf("cannot tell the version of %s: it printed %q", t.program, said.String())
	}
	t.version = settings.GOVERSION
	return nil
}

// key names the result in the store: the same for the same source, toolchain and settings.
func (t toolchain) key(ctx context.Context) (string, error) {
	source, err := treeDigest(ctx, t.source)
	if err != nil {
		return "", fmt.Errorf("cannot read the source %s: %w", t.source, err)
	}
	all, err := json.Marshal(struct {
		Source, Version, Target, Package, Flags string
		Env                                     map[string]string
	}{source, t.version, t.target, t.pkg, t.ldflags, t.own}) // maps are marshalled in the order of their keys
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("go_build-%x", sha256.Sum256(all)), nil
}

// build writes the program into dir/bin.
func (t toolchain) build(ctx context.Context, dir string, report sdk.Report) error {
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	report.Send(sdk.Progress{Text: "building " + t.pkg + " with " + t.version})
	p := t.command(func(line string) { report.Send(sdk.Progress{Text: line}) },
		"build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", t.ldflags, "-o", bin+string(filepath.Separator), t.pkg)
	if err := p.run(ctx); err != nil {
		return err
	}
	_, err := onlyExecutable(bin)
	return err
}

// treeDigest returns the SHA-256 of all files below dir: for each, in the order of their paths, the JSON of its path,
// kind and executable bit, the content's or link target's SHA-256, and a newline.
func treeDigest(ctx context.Context, dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	sum := sha256.New()
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || entry.IsDir() {
			return err
		}
		return digestEntry(sum, root, path, entry)
	})
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

func digestEntry(sum io.Writer, root *os.Root, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	content := sha256.New()
	switch {
	case info.Mode().IsRegular():
		err = copyFrom(content, root, path)
	case info.Mode()&fs.ModeSymlink != 0:
		var target string
		target, err = root.Readlink(path)
		content.Write([]byte(target)) // a hash returns no error
	}
	if err != nil {
		return err
	}
	head, err := json.Marshal([]any{path, info.Mode().Type(), info.Mode()&0o111 != 0})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s %x\n", head, content.Sum(nil))
	return err
}

func copyFrom(w io.Writer, root *os.Root, path string) error {
	f, err := root.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
