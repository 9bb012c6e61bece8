package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/otlp"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// A command of the user runs with the environment and bindings of a process. Its standard files are the user's own: the client
// hands them over, so that the secrets in the environment never leave the agent.
//
//	client -> agent  POST /v1/commands with Upgrade: recipe-command and a CommandRequest
//	agent -> client  101, or a Problem
//	client -> agent  one byte with three descriptors (SCM_RIGHTS)
//	agent -> client  a CommandLine with PID, or with Error; one with Ended
//	client -> agent  meanwhile, a commandSignal a line; the end of the stream ends the command
const commandProtocol = "recipe-command"

// CommandRequest asks for a command.
type CommandRequest struct {
	Stack   string   `json:"stack"`
	Target  string   `json:"target"`          // a component, an instance or a process
	Command []string `json:"command"`         // the program and its arguments
	Trace   string   `json:"trace,omitempty"` // TRACEPARENT of the client
	Term    string   `json:"term,omitempty"`  // TERM of the client, if its standard input is a terminal
}

// CommandLine tells of a command. One part is set.
type CommandLine struct {
	PID   int           `json:"pid,omitempty"`
	Error string        `json:"error,omitempty"` // it could not be started
	Ended *CommandEnded `json:"ended,omitempty"`
}

// CommandEnded is how a command ended.
type CommandEnded struct {
	Code   int    `json:"code"`             // exit status; 128 and the number of the signal if one ended it, as shells say it
	Signal string `json:"signal,omitempty"` // "killed"
}

// commandSignal is a signal that the client has got.
type commandSignal struct {
	Signal int `json:"signal"`
}

// commandGrace is how long a command may take to end after its client has gone.
const commandGrace = 10 * time.Second

func (a *Agent) handleCommand(w http.ResponseWriter, r *http.Request) {
	q, err := body[CommandRequest](r)
	if err == nil && len(q.Command) == 0 {
		err = &Problem{Message: "there is no command", Hint: "It follows two dashes: recipe run app.shop -- sh"}
	}
	var spec supervisor.Spec
	if err == nil {
		spec, err = a.commandSpec(q)
	}
	if err != nil {
		fail(w, err)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		fail(w, fmt.Errorf("internal error: %w", err))
		return
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", commandProtocol); err != nil {
		return
	}
	ctx, cancel := context.WithCancel(a.running)
	defer cancel()
	a.events.add(Event{Time: time.Now(), Type: "command", Stack: q.Stack, Address: q.Target, State: "began"})
	line := runCommand(ctx, conn, q.Command, spec)
	a.events.add(commandEvent(q, line))
	_ = json.NewEncoder(conn).Encode(line) // the client has gone if it fails
}

func commandEvent(q CommandRequest, l CommandLine) Event {
	e := Event{Time: time.Now(), Type: "command", Stack: q.Stack, Address: q.Target, State: "ended", Message: l.Error}
	if l.Ended != nil {
		e.Message = fmt.Sprintf("exit status %d", l.Ended.Code)
	}
	return e
}

// commandSpec is the process whose environment, directory and user a command gets.
func (a *Agent) commandSpec(q CommandRequest) (supervisor.Spec, error) {
	s, err := a.find(q.Stack)
	if err != nil {
		return supervisor.Spec{}, err
	}
	target, err := addr.Parse(q.Target)
	if err != nil {
		return supervisor.Spec{}, &Problem{Message: err.Error()}
	}
	o := s.like(target)
	if o == nil {
		return supervisor.Spec{}, &Problem{Message: fmt.Sprintf("no process of %s belongs to %s", s.name, q.Target), Kind: "not-found", Hint: runningComponents(a.units(s.name))}
	}
	v, err := o.Decode(a.provider.Schema().Types[o.Type].Object(), s.reveal)
	if err != nil {
		return supervisor.Spec{}, fmt.Errorf("cannot read what is recorded of %s: %w", o.Addr, err)
	}
	clear, _ := v.UnmarkDeep()
	spec, err := a.local.Spec(sdk.Identity{Address: o.Addr.String(), Stack: s.name, Known: clear})
	if err != nil {
		return spec, err
	}
	if c := otlp.Parse(q.Trace); c.Valid() {
		spec.Env = append(spec.Env, "TRACEPARENT="+c.String())
	}
	if q.Term != "" {
		spec.Env = append(spec.Env, "TERM="+q.Term)
	}
	return spec, nil
}

// like returns the recorded process that target means: of several the main one of the first instance. It returns nil without any.
func (s *stack) like(target addr.Instance) *state.Object {
	var best *state.Object
	s.book.View(func(st *state.State, _ *apply.Run) {
		for a, o := range st.Objects {
			if (o.Type == "instance" || o.Type == "schedule") && target.Contains(a) && (best == nil || before(o, best)) {
				taken := *o
				best = &taken
			}
		}
	})
	return best
}

// before orders processes by instance, the main one first.
func before(x, y *state.Object) bool {
	main := func(o *state.Object) int {
		var v struct {
			Main bool `json:"main"`
		}
		if json.Unmarshal(o.Value, &v) == nil && v.Main {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(x.Addr.Index, y.Addr.Index), cmp.Compare(main(x), main(y)), strings.Compare(x.Addr.String(), y.Addr.String())) < 0
}
