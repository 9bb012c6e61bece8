package agent

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/registry/store"
)

// sound reads everything in the store that the plan goes on using, and refuses to begin when a byte of it is not what was
// put there: nothing is started from it, and nothing is changed for it. What the plan makes again is not asked.
func (a *Agent) sound(ctx context.Context, s *stack, p *plan.Plan) error {
	if p.Destroy || !slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Does() }) {
		return nil
	}
	made := map[addr.Instance]bool{}
	for i := range p.Changes {
		made[p.Changes[i].Addr] = p.Changes[i].Action != plan.NoOp
	}
	var keys []string
	for at, o := range s.book.Copy().Objects {
		if key := a.storeKey(o); key != "" && !made[at] {
			keys = append(keys, key)
		}
	}
	for _, locked := range p.Lock.Packages {
		keys = append(keys, locked.Digest)
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(append(keys, p.Tree)) {
		err := a.store.Verify(ctx, key)
		var damage *store.Damage
		if errors.As(err, &damage) {
			return &Problem{Kind: "stale", Message: err.Error(), Hint: "Plan again: what is damaged is put there anew."}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// storeKey is the entry of the store that the object is, "" if it is none.
func (a *Agent) storeKey(o *state.Object) string {
	schema := a.provider.Schema().Types[o.Type]
	if _, ok := schema.Attributes["path"]; !ok || !schema.Shared {
		return ""
	}
	v, err := o.Decode(schema.Object(), func(string) (string, bool) { return "", true }) // paths are no secrets
	if err != nil {
		return ""
	}
	path, _ := v.GetAttr("path").Unmark()
	if path.IsNull() || !path.IsKnown() {
		return ""
	}
	return filepath.Base(path.AsString())
}
