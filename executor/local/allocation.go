package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

func allocationSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "Where one instance lives on this machine: its directories and its ports.",
		Data:        true,
		Attributes: map[string]sdk.Attribute{
			"component": {Type: cty.String, Required: true, Replace: true, Description: "The component it is an instance of."},
			"directory": {Type: cty.String, Required: true, Replace: true, Description: "The absolute path of its directory."},
			"owner":     {Type: cty.Number, Required: true, Description: "The user that owns the directories; -1 for the agent's own."},
			"wanted":    {Type: cty.Map(cty.Number), Required: true, Description: "Its ports by name; 0 for any free number."},
			"ports":     {Type: cty.Map(cty.Number), Computed: true, Description: "The numbers of its ports."},
			"used":      {Type: cty.Bool, Computed: true, Description: "Whether there is anything in its data directory."},
		},
	}
}

// allocation is the resource type of the same name.
type allocation struct{ ports Ports }

var _ sdk.Resource = allocation{}

// parts are the directories that belong to the app; the rest of the instance's directory is the agent's.
var parts = []string{"data", "config", "tmp"}

func (allocation) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if id.Known.IsNull() {
		return id.Known, nil
	}
	for _, part := range parts {
		if _, err := os.Stat(filepath.Join(directory(id.Known), part)); errors.Is(err, fs.ErrNotExist) {
			return cty.NullVal(id.Known.Type()), nil
		} else if err != nil {
			return id.Known, sdk.Errorf("cannot look at the instance's directory", "%s", err)
		}
	}
	return withUsed(id.Known)
}

// withUsed is the allocation v with what is true of its data directory now.
func withUsed(v cty.Value) (cty.Value, sdk.Diagnostics) {
	any, err := hasData(directory(v))
	if err != nil {
		return v, sdk.Errorf("cannot look at the instance's data", "%s", err)
	}
	attributes := v.AsValueMap()
	attributes["used"] = cty.BoolVal(any)
	return cty.ObjectVal(attributes), nil
}

func hasData(dir string) (bool, error) {
	d, err := os.Open(filepath.Join(dir, "data"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	defer d.Close()
	_, err = d.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

func (a allocation) Apply(_ context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		if err := a.delete(r); err != nil {
			return r.Before, sdk.Errorf("cannot remove the instance's directory", "%s", err)
		}
		return cty.NullVal(r.After.Type()), nil
	}
	if err := place(r.After); err != nil {
		return r.Before, sdk.Errorf("cannot make the instance's directory", "%s", err)
	}
	ports, err := a.allot(r)
	if err != nil {
		return r.Before, sdk.Errorf("cannot get a port", "%s", err)
	}
	attributes := r.After.AsValueMap()
	attributes["ports"] = ports
	return withUsed(cty.ObjectVal(attributes))
}

func directory(v cty.Value) string { return v.GetAttr("directory").AsString() }

// removed is where a deleted instance waits until its run has ended, so that undo brings it back as it was.
func removed(dir string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(dir)), "removed", filepath.Base(dir))
}

// Purge deletes for good what the last run of a stack removed. stack is the stack's directory.
func Purge(stack string) error { return os.RemoveAll(filepath.Join(stack, "removed")) }

// place makes the directories, or brings back those that this run removed.
func place(v cty.Value) error {
	dir := directory(v)
	if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(removed(dir), dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	owner := number(v.GetAttr("owner"))
	if err := own(dir, 0o711, -1); err != nil {
		return err
	}
	for _, part := range parts {
		if err := own(filepath.Join(dir, part), 0o700, owner); err != nil {
			return err
		}
	}
	return nil
}

func own(dir string, mode fs.FileMode, owner int) error {
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	if owner < 0 {
		return nil
	}
	if err := os.Chown(dir, owner, owner); err != nil {
		return fmt.Errorf("cannot give %s to the user %d: %w", dir, owner, err)
	}
	return nil
}

// delete moves the directory aside. Undoing a creation keeps data that was written meanwhile, and so does a deletion that
// was planned when there was none: nobody was told that it would go.
func (a allocation) delete(r sdk.ApplyRequest) error {
	for name := range elements(r.Before.GetAttr("wanted")) {
		a.ports.Release(portOwner(r.Identity, name))
	}
	dir := directory(r.Before)
	if unseen, err := a.unseenData(r.Before); err != nil || unseen || r.Undo {
		return errors.Join(err, discard(dir))
	}
	aside := removed(dir)
	if err := os.MkdirAll(filepath.Dir(aside), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // an earlier attempt has moved it
	}
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(dir, aside)
}

// unseenData reports whether there is data where the plan saw none.
func (allocation) unseenData(v cty.Value) (bool, error) {
	if used := v.GetAttr("used"); used.IsNull() || used.True() {
		return false, nil
	}
	return hasData(directory(v))
}

// discard deletes what recipe put into the directory, and keeps data if there is any.
func discard(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "data" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	for _, path := range []string{filepath.Join(dir, "data"), dir} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil // it is not empty, and stays for the next apply
		}
	}
	return nil
}

func portOwner(id sdk.Identity, name string) string { return id.Stack + " " + id.Address + " " + name }

// allot gets the numbers of all ports: those it had, where they still fit what is wanted, else new ones.
func (a allocation) allot(r sdk.ApplyRequest) (cty.Value, error) {
	had := map[string]cty.Value{}
	for _, v := range []cty.Value{r.Known, r.Before} {
		if !v.IsNull() {
			had = elements(v.GetAttr("ports"))
		}
	}
	if r.Undo && !r.After.GetAttr("ports").IsNull() {
		had = elements(r.After.GetAttr("ports"))
	}
	wanted := elements(r.After.GetAttr("wanted"))
	for name := range had {
		if _, still := wanted[name]; !still {
			a.ports.Release(portOwner(r.Identity, name))
		}
	}
	got := map[string]cty.Value{}
	for _, name := range names(wanted) {
		want := number(wanted[name])
		if old, ok := had[name]; ok && want == 0 {
			want = number(old)
		} else if ok && want != number(old) {
			a.ports.Release(portOwner(r.Identity, name))
		}
		n, err := a.ports.Allot(portOwner(r.Identity, name), want)
		if err != nil && number(wanted[name]) == 0 && want != 0 {
			n, err = a.ports.Allot(portOwner(r.Identity, name), 0) // the old one was taken meanwhile
		}
		if err != nil {
			return cty.NilVal, err
		}
		got[name] = cty.NumberIntVal(int64(n))
	}
	if len(got) == 0 {
		return cty.MapValEmpty(cty.Number), nil
	}
	return cty.MapVal(got), nil
}

// restore reserves the ports of an allocation that the state knows.
func (a allocation) restore(id sdk.Identity) error {
	var errs []error
	for name, v := range elements(id.Known.GetAttr("ports")) {
		errs = append(errs, a.ports.Reserve(portOwner(id, name), number(v)))
	}
	return errors.Join(errs...)
}

func elements(v cty.Value) map[string]cty.Value {
	if v.IsNull() || v.LengthInt() == 0 {
		return nil
	}
	return v.AsValueMap()
}

func names(m map[string]cty.Value) []string {
	all := make([]string, 0, len(m))
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func number(v cty.Value) int {
	if v.IsNull() {
		return 0
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact {
		return 0
	}
	return int(n)
}
