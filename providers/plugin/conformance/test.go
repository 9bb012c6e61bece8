package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/laws"
)

// Verdict is how one trial went.
type Verdict struct {
	Case string        // "" for what is about the plugin as a whole
	Law  string        // what was tried
	Took time.Duration // how long that took
	Err  error         // nil: it holds
}

// Test tries the program, and tells every verdict as soon as there is one. It returns whether all hold, and an error if it
// could not try. Directories of things are made below scratch. say gets what the program writes to its standard error, from any goroutine.
func Test(ctx context.Context, program string, cases []Case, scratch string, say func(line string), tell func(Verdict)) (sound bool, err error) {
	t := &tester{scratch: scratch, sound: true, tell: tell}
	digest, err := host.Digest(program)
	if err != nil {
		return false, fmt.Errorf("cannot read the plugin: %w", err)
	}
	h := host.New(host.Options{Dir: filepath.Join(scratch, "plugins"), Say: func(_, line string) { say(line) }})
	defer h.Close()
	var p *host.Plugin
	t.try("", "start", func() error {
		p, err = h.Open(ctx, filepath.Base(program), program, digest)
		return err
	})
	if p == nil {
		return false, nil
	}
	for _, c := range cases {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err := t.runCase(ctx, c, p); err != nil {
			return false, err
		}
	}
	t.untried(cases, p.Schema())
	return t.sound, nil
}

// tester is one Test.
type tester struct {
	scratch string
	things  int
	sound   bool
	tell    func(Verdict)
}

func (t *tester) try(c, law string, holds func() error) {
	begin := time.Now()
	err := holds()
	t.sound = t.sound && err == nil
	t.tell(Verdict{Case: c, Law: law, Took: time.Since(begin), Err: err})
}

// untried tells of types without a case.
func (t *tester) untried(cases []Case, s sdk.Schema) {
	tried := map[string]bool{}
	for _, c := range cases {
		tried[c.Type] = true
	}
	for name := range s.Types {
		if !tried[name] {
			t.try("", "every type has a case", func() error { return fmt.Errorf("the type %s has none", name) })
		}
	}
}

func (t *tester) runCase(ctx context.Context, c Case, p *host.Plugin) error {
	subject := laws.Subject{Provider: p, Type: c.Type, Remembered: c.Remembered, Kill: p.Kill}
	schema, faults := laws.Schema(subject)
	t.try(c.Name, "schema", func() error {
		if len(faults) > 0 {
			return faults[0]
		}
		return nil
	})
	if schema.Attributes == nil {
		return nil
	}
	for _, l := range laws.All(subject) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		things, err := t.prepare(c, schema)
		if err != nil {
			t.try(c.Name, "the case can be tried", func() error { return err })
			return nil // every law would say the same
		}
		t.try(c.Name, l.Name, func() error {
			return l.Try(subject, func() laws.Thing {
				next := things[0]
				things = things[1:]
				return next
			})
		})
	}
	return nil
}

// prepare prepares as many things as a law may ask for.
func (t *tester) prepare(c Case, schema sdk.TypeSchema) ([]laws.Thing, error) {
	var things []laws.Thing
	for range laws.Things {
		thing, err := t.thing(c, schema)
		if err != nil {
			return nil, err
		}
		things = append(things, thing)
	}
	return things, nil
}

// thing prepares the place for one thing.
func (t *tester) thing(c Case, schema sdk.TypeSchema) (laws.Thing, error) {
	t.things++
	unique := fmt.Sprintf("t%d_%d", os.Getpid(), t.things)
	dir := filepath.Join(t.scratch, "things", unique)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return laws.Thing{}, err
	}
	w, err := c.evaluate(schema, dir, unique)
	thing := laws.Thing{Create: w.create, Updates: w.updates, Wrong: w.wrong}
	if w.observe != nil {
		thing.Observe = func() any { return output(w.observe) }
	}
	if w.damage != nil {
		thing.Damage = func() { output(w.damage) }
	}
	return thing, err
}

// output is all that a command says, and how it ends.
func output(command []string) string {
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%s", out, err)
	}
	return string(out)
}
