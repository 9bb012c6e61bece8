package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
)

// StreamVersion is the version of the stream of JSON lines: the minor number grows with additions.
const StreamVersion = "1.1"

// Head is what every line of the stream begins with. A line is a struct that embeds it.
type Head struct {
	Level     string    `json:"@level"` // "info", "warn" or "error"
	Message   string    `json:"@message"`
	Module    string    `json:"@module"` // always "recipe.ui"
	Timestamp time.Time `json:"@timestamp"`
	Type      string    `json:"type"`
}

// NewHead returns the head of a line that tells good news.
func NewHead(typ, message string, at time.Time) Head {
	return Head{Level: "info", Message: message, Module: "recipe.ui", Timestamp: at, Type: typ}
}

// VersionLine is the first line of a stream, type "version".
type VersionLine struct {
	Head
	Recipe string `json:"recipe"` // the version of the program
	UI     string `json:"ui"`     // StreamVersion
}

// NewVersionLine returns the first line of the stream of a program with that version.
func NewVersionLine(recipe string, at time.Time) VersionLine {
	return VersionLine{Head: NewHead("version", "recipe "+recipe, at), Recipe: recipe, UI: StreamVersion}
}

// ResourceName is how lines name a resource.
type ResourceName struct {
	Addr      string `json:"addr"`
	Component string `json:"component"`
	Type      string `json:"resource_type"`
}

// PlannedChange is one change, type "planned_change", or what was changed outside recipe, type "resource_drift".
type PlannedChange struct {
	Head
	Change PlannedAction `json:"change"`
}

// PlannedAction is what is done with one resource and why.
type PlannedAction struct {
	Resource   ResourceName `json:"resource"`
	Action     Action       `json:"action"`
	Reason     string       `json:"reason,omitempty"`
	Effect     string       `json:"effect,omitempty"`
	Data       bool         `json:"deletes_data,omitempty"`
	Roll       bool         `json:"roll,omitempty"` // a part of a planned_roll
	Attributes []Difference `json:"attributes,omitempty"`
}

// PlannedRoll is an instance that is updated without being away, type "planned_roll". The changes that make it so follow
// as lines of their own, with Roll.
type PlannedRoll struct {
	Head
	Roll Roll `json:"roll"`
}

// HeldLine is the instances that keep their version until they are promoted, type "held".
type HeldLine struct {
	Head
	Held []addr.Instance `json:"held"`
	Idle []addr.Instance `json:"idle,omitempty"` // their processes that do not run, and are left so
}

// ChangeSummary is how much there is to do or was done, type "change_summary".
type ChangeSummary struct {
	Head
	Changes SummaryCounts `json:"changes"`
}

// SummaryCounts holds the number of changes by action.
type SummaryCounts struct {
	Create    int    `json:"create"`
	Update    int    `json:"update"`
	Roll      int    `json:"roll"`
	Backup    int    `json:"backup"`
	Restart   int    `json:"restart"`
	Replace   int    `json:"replace"`
	Remove    int    `json:"remove"`
	Forget    int    `json:"forget"`
	Operation string `json:"operation"` // "plan", "apply" or "destroy"
}

// NewSummaryCounts takes what Plan.Count returns.
func NewSummaryCounts(count map[Action]int, operation string) SummaryCounts {
	return SummaryCounts{Create: count[Create], Update: count[Update], Roll: count[Rolled], Backup: count[Backup], Restart: count[Restart], Replace: count[Replace],
		Remove: count[Remove], Forget: count[Forget], Operation: operation}
}

// OutputsLine is the outputs that change, type "outputs".
type OutputsLine struct {
	Head
	Outputs map[string]OutputAction `json:"outputs"`
}

// OutputAction is what becomes of one output; values as text for people.
type OutputAction struct {
	Action Action `json:"action"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Stream returns p as lines to be written as JSON: drift, then changes in their order, the summary, the outputs. The
// version line comes before them. now is asked for each line.
func Stream(p *Plan, now func() time.Time) []any {
	var drift, lines []any
	for i := range p.Changes {
		c := &p.Changes[i]
		if !c.Does() {
			continue
		}
		if drifted := drifted(c); drifted != nil {
			change := PlannedAction{Resource: nameOf(c), Action: Update, Attributes: drifted}
			drift = append(drift, PlannedChange{Head: NewHead("resource_drift", c.Addr.String()+": was changed outside recipe", now()), Change: change})
		}
	}
	for _, r := range p.Rolls {
		message := fmt.Sprintf("%s: plan to roll (%s)", instance(r.From), r.Reason)
		lines = append(lines, PlannedRoll{Head: NewHead("planned_roll", message, now()), Roll: r})
	}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Does() {
			lines = append(lines, planned(c, now()))
		}
	}
	if len(p.Held) > 0 {
		lines = append(lines, HeldLine{Head: NewHead("held", fmt.Sprintf("%d instances keep their version until recipe promote", len(p.Held)), now()), Held: p.Held, Idle: p.Idle})
	}
	lines = append(drift, lines...)
	operation := "plan"
	if p.Destroy {
		operation = "destroy"
	}
	lines = append(lines, ChangeSummary{Head: NewHead("change_summary", p.Summary(), now()), Changes: NewSummaryCounts(p.Count(), operation)})
	if len(p.Outputs) > 0 {
		lines = append(lines, outputsLine(p.Outputs, now()))
	}
	return lines
}

func planned(c *Change, at time.Time) PlannedChange {
	message := fmt.Sprintf("%s: plan to %s", c.Addr, c.Action)
	if c.Reason != "" {
		message += " (" + c.Reason + ")"
	}
	line := PlannedChange{Head: NewHead("planned_change", message, at)}
	if c.Data {
		line.Level = "warn"
	}
	line.Change = PlannedAction{Resource: nameOf(c), Action: c.Action, Reason: c.Reason, Effect: c.Effect, Data: c.Data, Roll: c.Roll, Attributes: c.Attributes}
	return line
}

func nameOf(c *Change) ResourceName {
	return ResourceName{Addr: c.Addr.String(), Component: c.Addr.Component.String(), Type: c.Type}
}

func drifted(c *Change) []Difference {
	var list []Difference
	for _, d := range c.Attributes {
		if d.Drifted {
			// The other way round: the drift led from what is wanted to what is there.
			list = append(list, Difference{Path: d.Path, Before: d.After, After: d.Before})
		}
	}
	return list
}

func outputsLine(outputs []OutputChange, at time.Time) OutputsLine {
	line := OutputsLine{Outputs: map[string]OutputAction{}}
	names := make([]string, len(outputs))
	for i, o := range outputs {
		names[i] = o.Name
		line.Outputs[o.Name] = OutputAction{Action: o.action(), Before: o.Before, After: o.After}
	}
	line.Head = NewHead("outputs", "Outputs: "+strings.Join(names, ", "), at)
	return line
}

func (o *OutputChange) action() Action {
	switch {
	case o.Before == "":
		return Create
	case o.After == "":
		return Remove
	}
	return Update
}
