package main

import (
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/apply"
)

// jsonView prints a run as a stream of JSON.
type jsonView struct{ c *cli }

// streamed are the phases of a task as the stream calls them.
var streamed = map[apply.Phase]string{
	apply.Started: "apply_start", apply.Progress: "apply_progress", apply.Completed: "apply_complete", apply.Errored: "apply_errored",
	apply.Said: "apply_log", apply.UndoStart: "undo_start", apply.UndoDone: "undo_complete",
}

func (v jsonView) begin(b agent.RunBegin, joined bool) {
	v.c.begin()
	text := "The run of " + b.Stack + " begins"
	if other := resumed(b, joined); other != "" {
		text = strings.TrimSpace(other)
	}
	v.c.message("run_start", text, map[string]any{"run": b, "joined": joined})
}

func (v jsonView) event(e apply.Event) {
	v.c.message(streamed[e.Phase], e.Addr+": "+string(e.Phase), map[string]any{"hook": e})
}

func (v jsonView) stopping() {} // the stream has it in its end

func (v jsonView) end(r *agent.RunResult) {
	if r == nil {
		return
	}
	v.c.message("run_complete", "The run ended: "+r.Generation.Result, map[string]any{"generation": r.Generation})
	v.c.message("outputs", "Outputs", map[string]any{"outputs": r.Outputs})
}
