package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
)

// order tells in few lines what comes after what, which chain takes longest, and what restarts.
func (r *report) order() {
	waves := r.plan.waves()
	written := false
	if len(waves) > 1 {
		r.wrapped(0, plain, "Order: "+wavesText(waves, r.options.Verbose))
		written = true
	}
	if chain := r.plan.chain(); len(chain) > 1 {
		limit := chainLimit
		if r.options.Verbose {
			limit = len(chain)
		}
		line := "Longest chain: " + middleOut(chain, limit, " -> ")
		if r.plan.Estimate > 0 {
			line += ", about " + roughly(r.plan.Estimate)
		}
		r.wrapped(0, plain, line)
		written = true
	}
	if restarts := r.restarts(); restarts != nil {
		limit := namesPerWave * 2
		if r.options.Verbose {
			limit = len(restarts)
		}
		r.wrapped(0, plain, "Restarts: "+some(restarts, limit))
		written = true
	}
	if written {
		r.blank()
	}
}

const (
	chainLimit   = 8 // components of a chain that are named
	waveLimit    = 6 // waves that are told
	namesPerWave = 4
)

// waves lists the components by when the last of their changes can be made: those of a wave only wait for earlier
// ones. Components may need parts of each other, so the waves are counted along the changes.
func (p *Plan) waves() [][]addr.Component {
	crossed := make([]int32, len(p.Changes))
	wave := map[addr.Component]int32{}
	var names []addr.Component
	var most int32
	for i := range p.Changes {
		c := &p.Changes[i]
		for _, need := range c.Needs {
			before := crossed[need]
			if n := &p.Changes[need]; n.Addr.Component != c.Addr.Component {
				before++
			}
			crossed[i] = max(crossed[i], before)
		}
		if !c.Does() {
			continue
		}
		at, seen := wave[c.Addr.Component]
		if !seen {
			names = append(names, c.Addr.Component)
		}
		wave[c.Addr.Component] = max(at, crossed[i])
		most = max(most, crossed[i])
	}
	waves := make([][]addr.Component, most+1)
	for _, name := range names {
		waves[wave[name]] = append(waves[wave[name]], name)
	}
	return slices.DeleteFunc(waves, func(w []addr.Component) bool { return w == nil })
}

func wavesText(waves [][]addr.Component, all bool) string {
	texts := make([]string, len(waves))
	for i, wave := range waves {
		names := make([]string, len(wave))
		for j, c := range wave {
			names[j] = c.String()
		}
		limit := namesPerWave
		if all {
			limit = len(names)
		}
		texts[i] = some(names, limit)
	}
	limit := waveLimit
	if all {
		limit = len(texts)
	}
	return middleOut(texts, limit, ", then ") + "."
}

// middleOut joins texts and leaves out the middle of more than limit.
func middleOut(texts []string, limit int, join string) string {
	if len(texts) <= limit+1 {
		return strings.Join(texts, join)
	}
	tail := limit / 3
	head := limit - tail
	middle := fmt.Sprintf("(%d more)", len(texts)-limit)
	short := append(slices.Clone(texts[:head]), middle)
	return strings.Join(append(short, texts[len(texts)-tail:]...), join)
}

// chain is the components that the critical path goes through, in order.
func (p *Plan) chain() []string {
	var names []string
	var last addr.Component
	for _, i := range p.CriticalPath {
		c := &p.Changes[i]
		if !c.Does() || c.Addr.Component == last {
			continue
		}
		last = c.Addr.Component
		names = append(names, last.String())
	}
	return names
}

// roughly is a duration as it is said: "3.2 s", "2 min 5 s".
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	text := fmt.Sprintf("%d min", int(d.Minutes()))
	if rest := int(d.Seconds()) % 60; rest > 0 {
		text += fmt.Sprintf(" %d s", rest)
	}
	return text
}

// restarts names the components with processes that stop and start again.
func (r *report) restarts() []string {
	var names []string
	for _, g := range r.all {
		var stopped []*Change
		for _, c := range g.changes {
			if c.Action == Restart || c.Action == Replace && strings.HasPrefix(c.Addr.Part, "process.") {
				stopped = append(stopped, c)
			}
		}
		switch n := len(instances(stopped)); {
		case n > 1:
			names = append(names, fmt.Sprintf("%s (%d instances)", g.component, n))
		case len(stopped) > 0:
			names = append(names, g.component.String())
		}
	}
	return names
}
