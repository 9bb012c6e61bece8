package laws

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// trial plays the engine for one thing: it keeps what is known, makes tokens, and checks every answer.
type trial struct {
	subject  Subject
	schema   sdk.TypeSchema
	resource sdk.Resource
	thing    Thing
	address  string
	tokens   int
	known    cty.Value
	planned  map[string]cty.Value // how changes are to turn out, by token; of types that plan
}

func newTrial(s Subject, thing Thing, number int) *trial {
	schema := s.Provider.Schema().Types[s.Type]
	return &trial{
		subject:  s,
		schema:   schema,
		resource: s.Provider.Resource(s.Type),
		thing:    thing,
		address:  fmt.Sprintf("app.trial[%d].configure.%s.thing", number, s.Type),
		known:    cty.NullVal(schema.Object()),
		planned:  map[string]cty.Value{},
	}
}

func (t *trial) null() cty.Value { return cty.NullVal(t.schema.Object()) }

func (t *trial) token() string {
	t.tokens++
	return fmt.Sprintf("%s#%d", t.address, t.tokens)
}

func (t *trial) observe() any {
	if t.thing.Observe == nil {
		return nil
	}
	return t.thing.Observe()
}

// observes checks that the world is as it was seen before.
func (t *trial) observes(want any) error {
	if got := t.observe(); !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the observer sees %+v, not %+v", got, want)
	}
	return nil
}

func (t *trial) read(known cty.Value) (cty.Value, error) {
	v, diags := t.resource.Read(context.Background(), sdk.Identity{Address: t.address, Stack: "trial", Known: known})
	if err := diags.Err(); err != nil {
		return v, fmt.Errorf("from Read: %w", err)
	}
	if err := t.check(v, diags, nil, known); err != nil {
		return v, fmt.Errorf("from Read: %w", err)
	}
	return v, nil
}

// reads checks that Read reports want to an engine that knows known.
func (t *trial) reads(known, want cty.Value) error {
	got, err := t.read(known)
	if err != nil {
		return err
	}
	if !same(got, want) {
		return fmt.Errorf("another thing is read than expected (null: %t, expected null: %t)%s", got.IsNull(), want.IsNull(), t.difference(got, want))
	}
	return nil
}

// difference names the attributes in which two values differ; their values may be secret.
func (t *trial) difference(a, b cty.Value) string {
	text := ""
	if a.IsNull() || b.IsNull() {
		return text
	}
	for name := range t.schema.Attributes {
		if !a.GetAttr(name).RawEquals(b.GetAttr(name)) {
			text += fmt.Sprintf("; %q differs", name)
		}
	}
	return text
}

// attempt is one call of Apply, which may fail; it checks only what holds in every case. What a type does not plan it does not
// apply.
func (t *trial) attempt(ctx context.Context, before, after cty.Value, token string, undo bool) (cty.Value, error, error) {
	if failed, broken := t.foresee(before, after, token, undo); failed != nil || broken != nil {
		return before, failed, broken
	}
	var progress progressTexts
	planned := t.planned[token]
	v, diags := t.resource.Apply(ctx, sdk.ApplyRequest{
		Identity: sdk.Identity{Address: t.address, Stack: "trial", Known: t.known},
		Before:   before, After: after, Token: token, Undo: undo,
		Planned: planned, Report: sdk.Report{Progress: progress.add},
	})
	failed, broken := diags.Err(), t.check(v, diags, progress.all(), before, after)
	if failed == nil && broken == nil {
		broken = t.schema.Held(planned, v)
	}
	return v, failed, broken
}

// apply is a call of Apply that has to succeed.
func (t *trial) apply(before, after cty.Value, token string, undo bool) (cty.Value, error) {
	after = t.carry(before, after)
	v, failed, broken := t.attempt(context.Background(), before, after, token, undo)
	if failed != nil {
		return v, fmt.Errorf("from Apply: %w", failed)
	}
	if broken == nil {
		broken = asWanted(t.schema, after, v)
	}
	if broken != nil {
		return v, fmt.Errorf("from Apply: %w", broken)
	}
	t.known = v
	return v, nil
}

// check holds an answer against the schema and looks for secrets where none belong.
func (t *trial) check(v cty.Value, diags sdk.Diagnostics, progress []string, around ...cty.Value) error {
	if err := conforms(t.schema, v); err != nil {
		return err
	}
	hidden := secrets(t.schema, append(around, v)...)
	if name := leak(t.schema, v, hidden); name != "" {
		return fmt.Errorf("attribute %q shows a sensitive value", name)
	}
	for i := range diags {
		if containsAny(diags[i].Summary+"\n"+diags[i].Detail, hidden) {
			return fmt.Errorf("a diagnostic shows a sensitive value")
		}
	}
	for _, text := range progress {
		if containsAny(text, hidden) {
			return fmt.Errorf("a progress text shows a sensitive value")
		}
	}
	return nil
}

// progressTexts collects progress, which may come from any goroutine.
type progressTexts struct {
	mu    sync.Mutex
	texts []string
}

func (p *progressTexts) add(news sdk.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.texts = append(p.texts, news.Text)
}

func (p *progressTexts) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.texts
}
