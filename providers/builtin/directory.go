package builtin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

func directorySchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A directory. Deleting it removes it only when it is empty; what others put into it stays until the instance itself goes.",
		Attributes:  placeAttributes("directory", "directory", "0755"),
	}
}

// directory makes directories.
type directory struct{}

var _ sdk.Resource = directory{}

func (directory) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	v, err := readDirectory(id.Known)
	return answer(v, "cannot look at the directory", err)
}

func (directory) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if err := ctx.Err(); err != nil {
		return answer(r.Before, "the directory was not changed", err)
	}
	if r.After.IsNull() {
		return removeDirectory(r.Before)
	}
	if err := makeDirectory(r.After); err != nil {
		left, _ := readDirectory(r.After) // the first error says more
		return answer(left, "cannot make the directory", err)
	}
	v, err := readDirectory(r.After)
	return answer(v, "cannot look at the directory", err)
}

// readDirectory returns known as it really is; null if there is no directory.
func readDirectory(known cty.Value) (cty.Value, error) {
	none := cty.NullVal(known.Type())
	if known.IsNull() {
		return known, nil
	}
	p, err := placeOf(known, "directory")
	if err != nil {
		return none, err
	}
	found := none
	err = p.inside(func(root *os.Root) error {
		info, err := root.Lstat(p.name)
		if err == nil && info.IsDir() {
			found = asFound(known, p, info)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	return found, err
}

func makeDirectory(wanted cty.Value) error {
	p, err := placeOf(wanted, "directory")
	if err != nil {
		return err
	}
	mode, err := parseMode(wanted)
	if err != nil {
		return err
	}
	owner, err := parseOwner(wanted)
	if err != nil {
		return err
	}
	return p.inside(func(root *os.Root) error {
		if err := p.makeParents(root); err != nil {
			return err
		}
		if err := p.mkdir(root); err != nil {
			return err
		}
		if owner >= 0 {
			if err := root.Lchown(p.name, owner, -1); err != nil {
				return fmt.Errorf("cannot give %s to user %d: %w", p.path(), owner, err)
			}
		}
		return root.Chmod(p.name, mode)
	})
}

func (p place) mkdir(root *os.Root) error {
	err := root.Mkdir(p.name, 0o700)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := root.Lstat(p.name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is in the way and is no directory; move it away", p.path())
	}
	return err
}

// removeDirectory removes an empty directory. One with something in it is forgotten: it may be the user's data.
func removeDirectory(gone cty.Value) (cty.Value, sdk.Diagnostics) {
	if gone.IsNull() {
		return gone, nil
	}
	none := cty.NullVal(gone.Type())
	p, err := placeOf(gone, "directory")
	if err != nil {
		return none, nil // there is no such place: the creation that is taken back has made nothing
	}
	err = p.inside(func(root *os.Root) error {
		info, err := root.Lstat(p.name)
		if err != nil || !info.IsDir() {
			return err // what is in its place now is not ours
		}
		return root.Remove(p.name)
	})
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return none, nil
	case isNotEmpty(err):
		return none, sdk.Diagnostics{{Severity: sdk.Warning, Summary: "the directory is not empty and stays",
			Detail: fmt.Sprintf("%s holds files that are not managed; it goes together with the instance.", p.path())}}
	}
	return answer(gone, "cannot remove the directory", err)
}
