package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func (d *recipeDecoder) step(b *hcl.Block) {
	name := b.Labels[0]
	for _, first := range d.recipe.Steps {
		if first.Name == name {
			d.duplicate("step", first.Range, b.DefRange)
			return
		}
	}
	d.name("step", name, b.LabelRanges[0])
	schema := attributes("env", "directory", "timeout", "creates", "undo", "once_per")
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "command", Required: true})
	c := d.content(b.Body, schema)
	d.checkProgram("command", exprOf(c, "command"))
	d.checkProgram("undo", exprOf(c, "undo"))
	s := &Step{
		Name:       name,
		OncePer:    d.word(c.Attributes["once_per"], "instance", "version"),
		Attributes: c.Attributes,
		Range:      b.DefRange,
	}
	d.checkDuration(c.Attributes["timeout"])
	delete(s.Attributes, "once_per")
	d.recipe.Steps = append(d.recipe.Steps, s)
}

// command reads a block of a backup: a command, and what else it may say.
func (d *recipeDecoder) command(b *hcl.Block, others ...string) *Command {
	schema := attributes(others...)
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "command", Required: true})
	content := d.content(b.Body, schema)
	c := &Command{Attributes: content.Attributes, Range: b.DefRange}
	d.checkProgram("command", exprOf(content, "command"))
	d.checkDuration(c.Attributes["timeout"])
	return c
}

// checkBackup demands that what is written aside can be brought back.
func (d *recipeDecoder) checkBackup() {
	switch r := d.recipe; {
	case r.Backup != nil && r.Restore == nil:
		d.fault(&r.Backup.Range, "Backup without restore", "Nothing would bring this backup back. Add a restore block with a command, which finds what this one wrote in the directory RECIPE_BACKUP.")
	case r.Restore != nil && r.Backup == nil:
		d.fault(&r.Restore.Range, "Restore without backup", "There is nothing to bring back. Add a backup block with a command, which writes into the directory RECIPE_BACKUP.")
	}
}

func (d *recipeDecoder) process(b *hcl.Block) {
	name := b.Labels[0]
	for _, first := range d.recipe.Processes {
		if first.Name == name {
			d.duplicate("process", first.Range, b.DefRange)
			return
		}
	}
	d.name("process", name, b.LabelRanges[0])
	schema := attributes(append(scheduleAttributes(), "kind", "env", "directory", "root", "standby", "success_codes")...)
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "command", Required: true})
	schema.Blocks = []hcl.BlockHeaderSchema{{Type: "health"}, {Type: "stop"}, {Type: "limits"}}
	c := d.content(b.Body, schema)
	p := &Process{
		Name:         name,
		Kind:         d.word(c.Attributes["kind"], "web", "worker", "schedule"),
		Root:         d.boolean(c.Attributes["root"]),
		SuccessCodes: d.integers(c.Attributes["success_codes"], 0, 255),
		Range:        b.DefRange,
	}
	if a := c.Attributes["standby"]; a != nil {
		p.Standby = d.word(a, "warm", "cold")
	}
	p.Command, p.Env, p.Directory = exprOf(c, "command"), exprOf(c, "env"), exprOf(c, "directory")
	d.checkProgram("command", p.Command)
	d.processBlocks(p, c.Blocks)
	p.Schedule = d.schedule(b, p, c)
	d.recipe.Processes = append(d.recipe.Processes, p)
}

// checkProgram refuses a command line that is written out and names no program: nobody has to run the recipe to find that out, and
// what is published stays as it is. Without an expression nothing is wrong.
func (d *recipeDecoder) checkProgram(name string, e hcl.Expression) {
	if e == nil {
		return
	}
	if list, diags := hcl.ExprList(e); !diags.HasErrors() && len(list) == 0 {
		d.fault(e.Range().Ptr(), "Nothing to run", `%s lists a program and its arguments, such as ["python3", "server.py"], and here the program is missing.`, name)
	}
	if text, ok := e.(*hclsyntax.TemplateExpr); ok && text.IsStringLiteral() {
		d.fault(e.Range().Ptr(), "Not a list", `%s lists a program and its arguments, such as ["python3", "server.py"], since no shell takes a line apart. With one it is ["sh", "-c", "…"].`, name)
	}
}

// exprOf is the expression of an attribute; nil, and not an interface around nil, without one.
func exprOf(c *hcl.BodyContent, name string) hcl.Expression {
	if a := c.Attributes[name]; a != nil {
		return a.Expr
	}
	return nil
}

func (d *recipeDecoder) processBlocks(p *Process, blocks hcl.Blocks) {
	for _, b := range blocks {
		switch {
		case b.Type == "health" && p.Health != nil:
			d.duplicate("health block", p.Health.Range, b.DefRange)
		case b.Type == "health":
			p.Health = d.health(b)
		case b.Type == "limits" && p.Limits != nil:
			d.duplicate("limits block", p.Limits.Range, b.DefRange)
		case b.Type == "limits":
			p.Limits = d.bounds(b)
		case p.Stop != nil:
			d.duplicate("stop block", p.Stop.Range, b.DefRange)
		default:
			p.Stop = d.stop(b)
		}
	}
}

func (d *recipeDecoder) health(b *hcl.Block) *Health {
	c := d.content(b.Body, &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "startup"}, {Type: "readiness"}, {Type: "liveness"}}})
	h := &Health{Range: b.DefRange}
	checks := map[string]**Check{"startup": &h.Startup, "readiness": &h.Readiness, "liveness": &h.Liveness}
	for _, inner := range c.Blocks {
		slot := checks[inner.Type]
		if *slot != nil {
			d.duplicate(inner.Type+" block", (*slot).Range, inner.DefRange)
			continue
		}
		*slot = d.probe(inner)
	}
	return h
}

// probes lists what a check may do; it does exactly one of them.
func probes() []string { return []string{"http", "tcp", "exec", "postgresql", "redis", "nats"} }

func (d *recipeDecoder) probe(b *hcl.Block) *Check {
	schema := attributes(probes()...)
	for _, n := range []string{"port", "initial_delay", "interval", "timeout", "success_threshold", "failure_threshold"} {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: n})
	}
	c := d.content(b.Body, schema)
	check := &Check{Attributes: c.Attributes, Range: b.DefRange}
	var used []*hcl.Attribute
	for _, a := range ordered(c.Attributes) {
		if slices.Contains(probes(), a.Name) {
			used = append(used, a)
		}
	}
	switch {
	case len(used) == 0:
		d.fault(&b.DefRange, "Nothing to check", "A %s check needs one of %s.", b.Type, strings.Join(probes(), ", "))
	case len(used) > 1:
		d.fault(&used[1].NameRange, "Two checks in one", "A %s check does one thing, and there is %s already (%s). Keep one.", b.Type, used[0].Name, place(used[0].NameRange))
	}
	for _, n := range []string{"initial_delay", "interval", "timeout"} {
		d.checkDuration(c.Attributes[n])
	}
	for _, n := range []string{"success_threshold", "failure_threshold"} {
		if a := c.Attributes[n]; a != nil && len(a.Expr.Variables()) == 0 {
			d.integer(a, 1, 1000)
		}
	}
	return check
}

// signals lists the signals that may ask a process to end.
func signals() []string {
	return []string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGWINCH"}
}

func (d *recipeDecoder) stop(b *hcl.Block) *Stop {
	c := d.content(b.Body, attributes("signal", "grace"))
	return &Stop{
		Signal: d.word(c.Attributes["signal"], signals()...),
		Grace:  d.duration(c.Attributes["grace"], "10s"),
		Range:  b.DefRange,
	}
}
