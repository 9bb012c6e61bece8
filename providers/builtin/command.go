package builtin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

func commandSchema() sdk.TypeSchema {
	number := sdk.Attribute{Type: cty.Number, Default: cty.NumberIntVal(-1)}
	user, group := number, number
	user.Description = "Numeric id of the user who runs it; -1 for the user who runs the agent."
	group.Description = "Numeric id of the group who runs it; -1 for the group of the agent."
	return sdk.TypeSchema{
		Description: "A command that runs to its end, once. One that ended with success is not run again for the same change, even after a crash; one that was interrupted half way is, so it has to bear being repeated.",
		Attributes: map[string]sdk.Attribute{
			"command": {Type: cty.List(cty.String), Required: true,
				Description: "The program and its arguments; there is no shell. A name without a slash is searched in PATH, a relative path starts at directory. A change of this alone runs nothing: see once_per."},
			"env": {Type: cty.Map(cty.String),
				Description: "Environment variables. Besides them the command sees only PATH, HOME, LANG, TMPDIR and TZ of the agent.",
				Check:       checkVariables},
			"directory": {Type: cty.String, Required: true,
				Description: "The directory it runs in. Written relative to the package, whose own directory it is where nothing is written; the engine makes it absolute."},
			"creates": {Type: cty.String,
				Description: "Path of what the command makes, relative to directory. While it exists the command is done and not run, unless an earlier attempt was interrupted; when it goes missing the command is run again."},
			"once_per": {Type: cty.String, Default: cty.StringVal("instance"),
				Description: "When it runs again: \"instance\" never, \"version\" for every version of the package. The engine does it through trigger.",
				Check:       checkOncePer},
			"trigger": {Type: cty.String,
				Description: "The command runs again when this changes. Filled in by the engine from once_per."},
			"timeout": {Type: cty.String, Default: cty.StringVal("5m"),
				Description: "How long it may take, such as \"90s\" or \"1h\"; then it and all its children are killed.",
				Check:       checkTimeout},
			"uid": user,
			"gid": group,
			"sandbox": {Type: sandbox.Type,
				Description: "What it may do with files beside those of its instance. Filled in by the engine."},
			"undo": {Type: cty.List(cty.String),
				Description: "The program and arguments that take the command back: they run on deletion, and when a failed apply takes back what it did. They have to bear a command that ran half way."},
			"state_dir": {Type: cty.String, Required: true,
				Description: "Absolute path of the directory that remembers what has run. Filled in by the engine."},
		},
	}
}

// command runs commands.
type command struct {
	environ []string
	sandbox *sandbox.Policy
}

var _ sdk.Resource = command{}

func (command) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	none := cty.NullVal(commandSchema().Object())
	if id.Known.IsNull() {
		return none, nil
	}
	now, err := newMarker(text(id.Known, "state_dir"), id.Address).read()
	if err != nil || !now.done() {
		return answer(none, "cannot tell whether the command ran", err)
	}
	if missing, err := createsMissing(id.Known); err != nil || missing {
		return answer(none, "cannot look at what the command creates", err)
	}
	return id.Known, nil
}

func (c command) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	left, err := c.apply(ctx, r)
	return answer(left, "the command failed", err)
}

// apply returns what is there afterwards, whether it fails or not.
func (c command) apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, error) {
	if r.After.IsNull() {
		return c.delete(ctx, r)
	}
	s, err := parseCommand(r.After)
	if err != nil {
		return r.Before, err
	}
	m := newMarker(s.state, r.Address)
	now, err := m.read()
	if err != nil || now.done() && now.Token == r.Token {
		return r.After, err
	}
	again := r.Before.IsNull() || text(r.Before, "trigger") != text(r.After, "trigger") || now.Stage == started
	switch {
	case !again:
		return r.After, m.write(mark{r.Token, keep(now.Stage)})
	case r.Undo && !r.Before.IsNull():
		return c.takeBack(ctx, r, m, now)
	}
	return c.begin(ctx, r, s, m, now)
}

// takeBack undoes an update: the command of before is not run again, what the update ran is undone.
func (c command) takeBack(ctx context.Context, r sdk.ApplyRequest, m marker, now mark) (cty.Value, error) {
	s, err := parseCommand(r.Before)
	if err == nil && now.Stage != found { // an update that found its work done has nothing to take back
		err = c.undo(ctx, s, r.Report)
	}
	if err != nil {
		return r.Before, err
	}
	return r.After, m.write(mark{r.Token, keep(now.Stage)})
}

// keep is the stage of a command that is known to have run: a marker that was lost meanwhile comes back.
func keep(s stage) stage {
	if s == found {
		return found
	}
	return ran
}

// begin runs the command, between two marks.
func (c command) begin(ctx context.Context, r sdk.ApplyRequest, s commandSpec, m marker, now mark) (cty.Value, error) {
	if s.creates != "" && now.Stage != started { // what an interrupted command left may be half made
		if _, err := os.Lstat(s.creates); err == nil {
			return r.After, m.write(mark{r.Token, found})
		}
	}
	p, err := c.prepare(ctx, s, s.command)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = m.write(mark{r.Token, started})
	}
	if err != nil {
		return r.Before, fmt.Errorf("it was not started: %w", err)
	}
	if err := c.durably(ctx, p, s, r.Report); err != nil {
		return r.After, err
	}
	return r.After, m.write(mark{r.Token, ran})
}

// durably runs the process, and what it has written is durable when it returns: nobody would run it again after a power
// cut that takes only that. Which files these are nobody knows, so it is everything on the file system of the instance
// and on that of its working directory.
func (c command) durably(ctx context.Context, p process, s commandSpec, report sdk.Report) error {
	written, err := newFlush(s.state, s.directory)
	if err != nil {
		return err
	}
	defer written.close()
	if err := p.within(ctx, s.timeout, report); err != nil {
		return err
	}
	if err := written.flush(); err != nil {
		return fmt.Errorf("it ended with success, but what it wrote cannot be made durable: %w", err)
	}
	return nil
}

// delete takes the command back and forgets it. A creation that found its work done has nothing to take back.
func (c command) delete(ctx context.Context, r sdk.ApplyRequest) (cty.Value, error) {
	if r.Before.IsNull() {
		return r.After, nil
	}
	m := newMarker(text(r.Before, "state_dir"), r.Address)
	now, err := m.read()
	if err != nil {
		return r.Before, err
	}
	if now.Stage != "" && !(r.Undo && now.Stage == found) { // else it may be one that cannot even be read
		var s commandSpec
		if s, err = parseCommand(r.Before); err == nil {
			err = c.undo(ctx, s, r.Report)
		}
	}
	if err == nil {
		err = m.remove()
	}
	if err != nil {
		return r.Before, err
	}
	return r.After, nil
}

// undo runs what takes the command back, if there is anything.
func (c command) undo(ctx context.Context, s commandSpec, report sdk.Report) error {
	if err := ctx.Err(); err != nil || s.undo == nil {
		return err
	}
	p, err := c.prepare(ctx, s, s.undo)
	if err != nil {
		return err
	}
	return c.durably(ctx, p, s, report)
}

// prepare finds the program of line, which runs in the surroundings of s, and in the trace of ctx.
func (c command) prepare(ctx context.Context, s commandSpec, line []string) (process, error) {
	environ := environment(c.environ, commandKeeps, s.env)
	if _, own := s.env["TRACEPARENT"]; !own && sdk.Traceparent(ctx) != "" {
		environ = append(environ, "TRACEPARENT="+sdk.Traceparent(ctx))
	}
	path, err := lookUp(line[0], s.directory, environ)
	return process{path: path, arguments: line[1:], directory: s.directory, environ: environ, user: s.user, group: s.group,
		sandbox: c.sandbox.Domain(s.sandbox, sandbox.Place{Work: s.directory}).Open()}, err
}

// within runs the process for a limited time.
func (p process) within(ctx context.Context, timeout time.Duration, report sdk.Report) error {
	report.Send(sdk.Progress{Text: "running " + filepath.Base(p.path)})
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("it took longer than %s", timeout))
	defer cancel()
	return p.run(ctx)
}

func commandKeeps(name string) bool {
	return slices.Contains([]string{"PATH", "HOME", "LANG", "TMPDIR", "TZ", "SystemRoot"}, name)
}
