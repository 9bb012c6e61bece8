// Package plan compares what is wanted with what is there and says what to change, in which order, why, and with
// what effect. Apart from looking at resources it is pure: the same graph, state and world give the same plan.
package plan

import (
	"encoding/json"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
)

// FormatVersion is the version of the JSON form of a Plan: the minor number grows with additions.
const FormatVersion = "1.1"

// Action is what is done with one resource.
type Action string

const (
	NoOp    Action = "no-op"   // nothing; kept in a plan only to carry the order of others
	Create  Action = "create"  // it is not there
	Update  Action = "update"  // changed in place
	Restart Action = "restart" // a process is stopped and started
	Replace Action = "replace" // the old one is deleted, then a new one created
	Remove  Action = "remove"  // deleted
	Forget  Action = "forget"  // gone together with what it lives in; nothing is called
	Backup  Action = "backup"  // its data is written aside
	Rolled  Action = "roll"    // of an instance as a whole: see Roll. No Change has it
)

// Plan is the full list of changes of one apply, bound to the state it was made from. It is complete in itself: what
// it needs of the user's files is in the store under Tree.
type Plan struct {
	FormatVersion string                     `json:"format_version"`
	Created       time.Time                  `json:"created"`
	Stack         string                     `json:"stack"`
	Directory     string                     `json:"directory"`
	Lineage       string                     `json:"lineage"`
	Serial        uint64                     `json:"serial"`
	Generation    int                        `json:"generation"`       // the number it will have when applied
	Action        string                     `json:"action,omitempty"` // "rollback", "promote" or "scale"; "" for what the files say
	Of            int                        `json:"of,omitempty"`     // with Action: the generation whose files and packages these are
	Destroy       bool                       `json:"destroy,omitempty"`
	Targets       []addr.Instance            `json:"targets,omitempty"`
	Tree          string                     `json:"tree,omitempty"`
	Variables     map[string]json.RawMessage `json:"variables,omitempty"` // sealed, dynamically typed
	Lock          *solve.Lock                `json:"lock,omitempty"`
	OSPackages    string                     `json:"os_packages,omitempty"` // what is locked of them, as a lock file says it; "" if nothing is
	Plugins       []state.Plugin             `json:"plugins,omitempty"`     // all that it may need, by name
	Second        []addr.Instance            `json:"second,omitempty"`      // the instances that live in their second slot then
	Scale         map[addr.Component]int     `json:"scale,omitempty"`       // how many instances, instead of what the files say
	Import        map[addr.Instance]string   `json:"import,omitempty"`      // ids of things that are there already and are taken over
	Rolls         []Roll                     `json:"rolls,omitempty"`       // instances that are updated without being away
	Held          []addr.Instance            `json:"held,omitempty"`        // instances that keep their version until they are promoted
	Idle          []addr.Instance            `json:"idle,omitempty"`        // their processes that do not run, and are left so
	Hold          []addr.Component           `json:"hold,omitempty"`        // a failure of these stops the run where it is
	Changes       []Change                   `json:"changes"`               // needs come first
	CriticalPath  []int32                    `json:"critical_path"`         // indexes into Changes, first to last
	Estimate      time.Duration              `json:"estimate,omitempty"`    // of the critical path, 0 when not all of it was ever measured
	Outputs       []OutputChange             `json:"outputs,omitempty"`
	Kept          int                        `json:"kept"` // resources that need no change
}

// Change is what is done with one resource. With Type "" it is a join, which only carries order.
type Change struct {
	Addr       addr.Instance `json:"addr"`
	Type       string        `json:"type,omitempty"`
	Action     Action        `json:"action"`
	Needs      []int32       `json:"needs,omitempty"` // indexes into Plan.Changes, all smaller than its own
	Before     state.Encoded `json:"before,omitempty"`
	After      state.Encoded `json:"after,omitempty"` // with unknown parts
	Reason     string        `json:"reason,omitempty"`
	Effect     string        `json:"effect,omitempty"`
	Attributes []Difference  `json:"attributes,omitempty"`
	Data       bool          `json:"data,omitempty"`   // the user's data is deleted
	Backup     bool          `json:"backup,omitempty"` // with Data: another change writes it aside before
	Roll       bool          `json:"roll,omitempty"`   // nothing but a part of one of Plan.Rolls
}

// Difference is one attribute, or one element of a map, that changes, as text for people.
type Difference struct {
	Path    string `json:"path"`
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
	Drifted bool   `json:"drifted,omitempty"` // it was changed outside recipe
}

// OutputChange is an output that changes; values as text for people.
type OutputChange struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Empty reports whether nothing would be done.
func (p *Plan) Empty() bool {
	for i := range p.Changes {
		if p.Changes[i].Does() {
			return false
		}
	}
	return len(p.Outputs) == 0
}

// Does reports whether the change does anything but carry order.
func (c *Change) Does() bool { return c.Action != NoOp && c.Type != "" }

// Count is the number of changes by action, without those that do nothing. What moves an instance counts together, as
// one Rolled.
func (p *Plan) Count() map[Action]int {
	count := map[Action]int{}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Does() && !c.Roll {
			count[c.Action]++
		}
	}
	if len(p.Rolls) > 0 {
		count[Rolled] = len(p.Rolls)
	}
	return count
}
