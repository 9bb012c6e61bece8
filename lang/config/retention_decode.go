package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// retention reads the backup block of a component.
func (l *loader) retention(b *hcl.Block) *Retention {
	attrs := l.content(b.Body, attributes("keep", "max_age")).Attributes
	r := &Retention{Range: b.DefRange, MaxAge: l.duration(attrs["max_age"], "")}
	if a := attrs["keep"]; a != nil {
		r.Keep = l.integer(a, 1, 10000)
	}
	if age, err := time.ParseDuration(r.MaxAge); err == nil && age < time.Minute {
		l.fault(attrs["max_age"].Expr.Range().Ptr(), "Too short", "Backups that are older than max_age are removed, so it has to be a minute or more, such as \"720h\" for thirty days.")
	}
	if len(attrs) == 0 {
		l.fault(&b.DefRange, "Which backups are kept?", `A backup block of a component says keep = 7, which is how many, or max_age = "720h". Without the block all are kept. How a backup is taken is for the recipe to say.`)
	}
	return r
}
