package builtin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// place is where a file or directory lies: a name below a base directory, which is never left, not even through
// symbolic links.
type place struct {
	base string // absolute
	name string // relative, clean, not "."
}

// placeAttributes are the attributes that all types with a place have; relative names the one with the relative name.
func placeAttributes(relative, what, mode string) map[string]sdk.Attribute {
	return map[string]sdk.Attribute{
		"base": {Type: cty.String, Required: true, Replace: true,
			Description: "Absolute path of the directory that the " + what + " lies in; nothing outside it is touched. Filled in by the engine: the instance's configuration directory, or a directory of the store."},
		"name": {Type: cty.String, Required: true, Replace: true,
			Description: "Name of the resource. Filled in by the engine."},
		relative: {Type: cty.String, Replace: true,
			Description: "Name of the " + what + " relative to base, with slashes; directories above it are made. The resource's name if not set.",
			Check:       checkName},
		"mode": {Type: cty.String, Default: cty.StringVal(mode),
			Description: "Permissions as an octal number from \"0000\" to \"0777\"; the umask does not count.",
			Check:       checkMode},
		"owner": {Type: cty.Number, Default: cty.NumberIntVal(-1),
			Description: "Numeric id of the user who owns the " + what + "; -1 leaves it to the user who runs the agent. The engine sets it when apps run as another user."},
		"path": {Type: cty.String, Computed: true, Stable: true,
			Description: "Absolute path of the " + what + "."},
	}
}

// placeOf takes the place from an object with placeAttributes.
func placeOf(object cty.Value, relative string) (place, error) {
	p := place{base: text(object, "base"), name: text(object, relative)}
	from := relative
	if !isSet(object, relative) {
		p.name, from = text(object, "name"), "name"
	}
	p.name = filepath.FromSlash(p.name)
	switch {
	case !filepath.IsAbs(p.base):
		return p, wrong("base", "must be an absolute path")
	}
	if err := nameError(p.name); err != nil {
		return p, wrong(from, "%w", err)
	}
	p.name = filepath.Clean(p.name)
	return p, nil
}

func checkName(v cty.Value) error { return nameError(filepath.FromSlash(v.AsString())) }

func nameError(name string) error {
	if !filepath.IsLocal(name) || filepath.Clean(name) == "." {
		return fmt.Errorf("must be a relative path that stays below the base directory, not %q", name)
	}
	return nil
}

func (p place) path() string { return filepath.Join(p.base, p.name) }

// open opens the base directory.
func (p place) open() (*os.Root, error) {
	root, err := os.OpenRoot(p.base)
	if err != nil {
		return nil, fmt.Errorf("cannot open the base directory: %w", err)
	}
	return root, nil
}

// inside calls do with the opened base directory.
func (p place) inside(do func(root *os.Root) error) error {
	root, err := p.open()
	if err != nil {
		return err
	}
	return errors.Join(do(root), root.Close())
}

// makeParents makes the directories between the base directory and the place.
func (p place) makeParents(root *os.Root) error {
	above := filepath.Dir(p.name)
	if above == "." {
		return nil
	}
	if err := root.MkdirAll(above, 0o755); err != nil {
		return fmt.Errorf("cannot make directory %s: %w", filepath.Join(p.base, above), err)
	}
	return nil
}

// parseMode reads permissions such as "0644".
func parseMode(object cty.Value) (fs.FileMode, error) {
	mode, err := modeOf(text(object, "mode"))
	if err != nil {
		return 0, wrong("mode", "%w", err)
	}
	return mode, nil
}

func modeOf(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fmt.Errorf("must be an octal number from \"0000\" to \"0777\", not %q", text)
	}
	return fs.FileMode(mode), nil
}

func checkMode(v cty.Value) error {
	_, err := modeOf(v.AsString())
	return err
}

func parseOwner(object cty.Value) (int, error) { return whole(object, "owner", -1, 1<<31-1) }

// asFound returns object with the place, permissions and owner that were really found.
func asFound(object cty.Value, p place, info fs.FileInfo) cty.Value {
	all := object.AsValueMap()
	all["path"] = cty.StringVal(p.path())
	if mode, err := parseMode(object); hasPermissions && (err != nil || mode != info.Mode().Perm()) {
		all["mode"] = cty.StringVal(fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	if owner, err := parseOwner(object); err != nil || owner >= 0 {
		all["owner"] = cty.NumberIntVal(int64(ownerOf(info)))
	}
	return cty.ObjectVal(all)
}
