package builtin

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/providers/builtin/unpack"
	"github.com/nsynapse/recipe/providers/sdk"
)

func backupSchema() sdk.TypeSchema {
	number := sdk.Attribute{Type: cty.Number, Default: cty.NumberIntVal(-1)}
	user, group := number, number
	user.Description = "Numeric id of the user who runs both; -1 for the user who runs the agent."
	group.Description = "Numeric id of the group who runs both; -1 for the group of the agent."
	return sdk.TypeSchema{
		Description: "How the data of an instance is written aside and brought back. It is only noted; a backup is taken when somebody asks, and before an apply that deletes the data.",
		Attributes: map[string]sdk.Attribute{
			"command":   {Type: cty.List(cty.String), Required: true, Description: "The program that writes what a backup is made of into the directory RECIPE_BACKUP, which is empty."},
			"restore":   {Type: cty.List(cty.String), Required: true, Description: "The program that brings the data back from the directory RECIPE_BACKUP, as the other one left it."},
			"env":       {Type: cty.Map(cty.String), Description: "Environment variables of both."},
			"directory": {Type: cty.String, Required: true, Description: "Absolute path of the directory that they run in."},
			"scratch":   {Type: cty.String, Required: true, Description: "Absolute path of the directory that RECIPE_BACKUP is made in for the time of it."},
			"timeout":   {Type: cty.String, Default: cty.StringVal("1h"), Description: "How long either may take; then it and all its children are killed."},
			"keep":      {Type: cty.Number, Description: "How many backups are kept, the newest; null for all."},
			"max_age":   {Type: cty.String, Description: "Backups that are older are removed when a new one was taken; null for none."},
			"uid":       user,
			"gid":       group,
			"sandbox":   {Type: sandbox.Type, Description: "What both may do with files beside those of the instance. Filled in by the engine."},
		},
	}
}

// noted is the resource type backup: there is nothing outside.
type noted struct{}

var _ sdk.Resource = noted{}

// Read implements sdk.Resource.
func (noted) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	return id.Known, nil
}

// Apply implements sdk.Resource.
func (noted) Apply(_ context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	return r.After, nil
}

// TakeBackup runs the command of a value of the type backup, in clear, and writes what it made to w: a tar archive,
// compressed by gzip. After an error w holds a part of it. It tells lines of the command to report.
func TakeBackup(ctx context.Context, v cty.Value, policy *sandbox.Policy, w io.Writer, report sdk.Report) error {
	b, err := openBackup(v, policy)
	if err != nil {
		return err
	}
	err = b.run(ctx, list(v, "command"), report)
	if err == nil {
		err = pack(ctx, b.dir, w)
	}
	return errors.Join(err, b.close())
}

// RetentionOf says which backups the value of a type backup wants kept: how many, and none that is older; 0 for no bound.
func RetentionOf(v cty.Value) (keep int, maxAge time.Duration, err error) {
	if n := v.GetAttr("keep"); !n.IsNull() {
		if keep, err = whole(v, "keep", 1, 1<<31-1); err != nil {
			return 0, 0, err
		}
	}
	if text := text(v, "max_age"); text != "" {
		if maxAge, err = time.ParseDuration(text); err != nil {
			return 0, 0, wrong("max_age", "must be a duration such as \"720h\", not %q", text)
		}
	}
	return keep, maxAge, nil
}

// maxBackup bounds what a backup may hold: what cannot be on a disk cannot be its content.
const maxBackup = 1 << 50

// RestoreBackup unpacks what TakeBackup wrote and runs the command that brings it back. After an error the data may be
// half brought back.
func RestoreBackup(ctx context.Context, v cty.Value, policy *sandbox.Policy, r io.Reader, report sdk.Report) error {
	b, err := openBackup(v, policy)
	if err != nil {
		return err
	}
	if err = b.fill(ctx, r); err == nil {
		err = b.run(ctx, list(v, "restore"), report)
	}
	return errors.Join(err, b.close())
}

// openedBackup is the directory that a backup goes through.
type openedBackup struct {
	dir         string
	env         map[string]string
	workdir     string
	timeout     time.Duration
	user, group int
	sandbox     *landlock.Domain // nil for none
}

func openBackup(v cty.Value, policy *sandbox.Policy) (*openedBackup, error) {
	b := &openedBackup{env: table(v, "env"), workdir: text(v, "directory")}
	b.sandbox = policy.Domain(v.GetAttr("sandbox"), sandbox.Place{Work: b.workdir}).Open()
	var err error
	if b.timeout, err = time.ParseDuration(text(v, "timeout")); err != nil {
		return nil, wrong("timeout", "must be a duration such as \"1h\", not %q", text(v, "timeout"))
	}
	if b.user, err = whole(v, "uid", -1, 1<<31-1); err != nil {
		return nil, err
	}
	if b.group, err = whole(v, "gid", -1, 1<<31-1); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp(text(v, "scratch"), "backup-"); err != nil {
		return nil, fmt.Errorf("cannot make the directory of a backup: %w", err)
	}
	if err := b.hand(b.dir); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// close removes the directory.
func (b *openedBackup) close() error { return os.RemoveAll(b.dir) }

// hand gives a file to the user of the commands.
func (b *openedBackup) hand(path string) error {
	if b.user < 0 {
		return nil
	}
	return os.Lchown(path, b.user, b.group)
}

func (b *openedBackup) run(ctx context.Context, line []string, report sdk.Report) error {
	if len(line) == 0 {
		return errors.New("it has no command for that")
	}
	env := map[string]string{"RECIPE_BACKUP": b.dir}
	for name, value := range b.env {
		env[name] = value
	}
	environ := environment(os.Environ(), func(string) bool { return false }, env)
	path, err := lookUp(line[0], b.workdir, environ)
	if err != nil {
		return err
	}
	p := process{path: path, arguments: line[1:], directory: b.workdir, environ: environ, user: b.user, group: b.group, sandbox: b.sandbox}
	return p.within(ctx, b.timeout, report)
}

// fill unpacks a backup for the command.
func (b *openedBackup) fill(ctx context.Context, r io.Reader) error {
	tree, err := unpack.Open(b.dir)
	if err != nil {
		return err
	}
	err = errors.Join(tree.Tar(ctx, r, unpack.Limits{Bytes: maxBackup}), tree.CheckLinks(), tree.Close())
	if err != nil {
		return fmt.Errorf("the backup cannot be read: %w", err)
	}
	return filepath.WalkDir(b.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return b.hand(path)
	})
}

// pack writes the files below dir, in the order of their names.
func pack(ctx context.Context, dir string, w io.Writer) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || name == "." {
			return err
		}
		return packOne(archive, root, name, d)
	})
	if err != nil {
		return fmt.Errorf("cannot pack the backup: %w", err)
	}
	return errors.Join(archive.Close(), zipped.Close())
}

func packOne(archive *tar.Writer, root *os.Root, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("%s is neither a file nor a directory", name)
	}
	head, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	head.Name, head.Uid, head.Gid, head.Uname, head.Gname = filepath.ToSlash(name), 0, 0, "", ""
	if err := archive.WriteHeader(head); err != nil || info.IsDir() {
		return err
	}
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(archive, f)
	return err
}
