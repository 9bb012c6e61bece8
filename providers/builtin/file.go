package builtin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

func fileSchema() sdk.TypeSchema {
	attributes := placeAttributes("file", "file", "0644")
	attributes["content"] = sdk.Attribute{Type: cty.String,
		Description: "The text of the file. Exactly one of content and source is set."}
	attributes["source"] = sdk.Attribute{Type: cty.String,
		Description: "A payload file of the package, which is copied. Written relative to the package; the engine makes it absolute."}
	return sdk.TypeSchema{
		Description: "A file with a given content. It is written beside its place and renamed, so that readers and crashes see the old or the new file, whole.",
		Attributes:  attributes,
		OneOf:       []string{"content", "source"},
	}
}

// file writes files; it carries out the types file and template.
type file struct{ null cty.Value }

var _ sdk.Resource = file{}

func newFile(schema sdk.TypeSchema) file { return file{cty.NullVal(schema.Object())} }

func (f file) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	v, err := f.read(id.Known)
	return answer(v, "cannot look at the file", err)
}

func (f file) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return f.delete(ctx, r.Before)
	}
	err := ctx.Err()
	if err == nil {
		err = f.ensure(ctx, r.After)
	}
	if err != nil {
		left, _ := f.read(r.Before) // the first error says more
		return answer(left, "cannot write the file", err)
	}
	v, err := f.read(r.After)
	return answer(v, "cannot look at the file", err)
}

// read returns known as it really is; null if there is no such file.
func (f file) read(known cty.Value) (cty.Value, error) {
	if known.IsNull() {
		return f.null, nil
	}
	p, err := placeOf(known, "file")
	if err != nil {
		return f.null, err
	}
	found := f.null
	err = p.inside(func(root *os.Root) error {
		info, err := root.Lstat(p.name)
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		found, err = readContent(root, p, asFound(known, p, info))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return f.null, nil
	}
	return found, err
}

// ensure writes the file unless it is already as wanted; then even its time stays.
func (f file) ensure(ctx context.Context, wanted cty.Value) error {
	p, err := placeOf(wanted, "file")
	if err != nil {
		return err
	}
	attributes, err := parseFile(wanted)
	if err != nil {
		return err
	}
	if found, err := f.read(wanted); err == nil && found.RawEquals(with(wanted, "path", cty.StringVal(p.path()))) {
		return nil
	}
	return p.inside(func(root *os.Root) error {
		if err := p.makeParents(root); err != nil {
			return err
		}
		return p.replace(ctx, root, attributes)
	})
}

func (f file) delete(ctx context.Context, gone cty.Value) (cty.Value, sdk.Diagnostics) {
	if gone.IsNull() {
		return f.null, nil
	}
	if err := ctx.Err(); err != nil {
		return answer(gone, "the file was not deleted", err)
	}
	p, err := placeOf(gone, "file")
	if err != nil {
		return f.null, nil // there is no such place: the creation that is taken back has made nothing
	}
	if err := p.inside(func(root *os.Root) error { return p.remove(root) }); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return answer(gone, "cannot delete the file", err)
	}
	return f.null, nil
}

// remove removes the file, and what an interrupted write left beside it.
func (p place) remove(root *os.Root) error {
	for _, name := range []string{p.temporary(), p.name} {
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
			continue // a directory in its place is not ours
		}
		if err == nil {
			err = root.Remove(name)
		}
		if err != nil {
			return fmt.Errorf("cannot remove %s: %w", filepath.Join(p.base, name), err)
		}
	}
	return syncDir(root, filepath.Dir(p.name))
}
