package config

import "github.com/hashicorp/hcl/v2"

// update reads an update block. canary is for stacks only: how many instances there are is not the recipe's to know.
func (l *loader) update(b *hcl.Block, canary bool) *Update {
	words := []string{"", Rolling, Recreate}
	schema := attributes("strategy", "drain")
	if canary {
		words = append(words, Canary)
		schema = attributes("strategy", "drain", "max_parallel", "canary", "on_failure")
	}
	attrs := l.content(b.Body, schema).Attributes
	u := &Update{Range: b.DefRange, MaxParallel: 1}
	if a := attrs["strategy"]; a != nil {
		u.Strategy, u.Range = l.word(a, words[1:]...), a.Expr.Range()
	}
	u.Drain = l.duration(attrs["drain"], "")
	if a := attrs["max_parallel"]; a != nil {
		u.MaxParallel = l.integer(a, 1, 1000)
	}
	if a := attrs["canary"]; a != nil {
		u.Canary = l.integer(a, 1, 1000)
		if u.Strategy != Canary {
			l.fault(a.Range.Ptr(), "Not a canary", `"canary" says how many instances get a new version first; that is strategy = "canary".`)
		}
	} else if u.Strategy == Canary {
		u.Canary = 1
	}
	u.Hold = l.word(attrs["on_failure"], "rollback", "hold") == "hold"
	return u
}
