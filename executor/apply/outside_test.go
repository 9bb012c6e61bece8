package apply_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/providers/sdk"
)

// outside is the world around a simulated disk: a provider that changes things in two halves, neither of which bears
// repeating. It does not roll back when the power goes, and it can be cut off before, between and after the halves: each
// of these points is an operation of the disk. As sdk.Resource demands, an attempt with a known token does what is left of
// the first one. An attempt with another token does everything again, which the ledger shows.
type outside struct {
	disk  *disktest.Disk
	epoch int    // counts the applies; an entry of the ledger is of one
	fails string // the address whose creation fails half-way
	stays string // the address whose undo fails
	stops string // the address in the middle of whose change the user stops the run
	stop  func() // what the user does

	mu     sync.Mutex
	things map[string]thingOutside
	halves map[string]int // by token
	ledger []effect
	hurt   bool // a point failed without the power being cut
}

type thingOutside struct {
	value cty.Value
	half  bool   // half made, half changed or half deleted
	text  string // all of it, for comparing
}

// effect is one thing that was done outside and must not be done twice.
type effect struct {
	epoch   int
	undo    bool
	verb    string
	address string
	half    int
	at      int  // the operations of the disk before it
	over    bool // something was made over what is there
	text    string
}

func (e effect) String() string {
	direction := "do"
	if e.undo {
		direction = "undo"
	}
	return fmt.Sprintf("%d %s %s %s %d/2", e.epoch, direction, e.verb, e.address, e.half)
}

func newOutside(d *disktest.Disk) *outside {
	return &outside{disk: d, things: map[string]thingOutside{}, halves: map[string]int{}}
}

// around returns the same world as it is around a copy of its disk.
func (o *outside) around(d *disktest.Disk) *outside {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &outside{disk: d, epoch: o.epoch, fails: o.fails, stays: o.stays, stops: o.stops,
		things: maps.Clone(o.things), halves: maps.Clone(o.halves), ledger: slices.Clone(o.ledger), hurt: o.hurt}
}

var outsideSchema = newWorld().Schema()

func (o *outside) Schema() sdk.Schema { return outsideSchema }

func (o *outside) Resource(name string) sdk.Resource {
	return resourceOutside{o, outsideSchema.Types[name]}
}

type resourceOutside struct {
	*outside
	schema sdk.TypeSchema
}

func (r resourceOutside) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	v := r.now(id.Address)
	if r.whole(id.Address) {
		return v, nil
	}
	// Who looks sees that it is not as it should be.
	attributes := v.AsValueMap()
	for _, name := range []string{"component", "name"} {
		if _, ok := attributes[name]; ok {
			attributes[name] = cty.StringVal("half made")
		}
	}
	if _, ok := attributes["length"]; ok {
		attributes["length"] = cty.NumberIntVal(-1)
	}
	return cty.ObjectVal(attributes), nil
}

func (r resourceOutside) whole(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.things[address].half
}

func (r resourceOutside) now(address string) cty.Value {
	r.mu.Lock()
	defer r.mu.Unlock()
	if thing, ok := r.things[address]; ok {
		return thing.value
	}
	return cty.NullVal(r.schema.Object())
}

func (r resourceOutside) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if err := r.apply(ctx, q); err != nil {
		return r.now(q.Address), sdk.Errorf("it fails", "%s", err)
	}
	return r.now(q.Address), nil
}

func (r resourceOutside) apply(ctx context.Context, q sdk.ApplyRequest) error {
	if err := r.point(); err != nil {
		return err
	}
	if q.Address == r.stays && q.Undo {
		return errors.New("it stays")
	}
	if r.nothingToDo(q) {
		return nil
	}
	r.firstHalf(q)
	if err := r.point(); err != nil {
		return err
	}
	if q.Address == r.fails && !q.Undo && !q.After.IsNull() {
		return errors.New("no licence")
	}
	if q.Address == r.stops && !q.Undo && r.stop != nil {
		r.stop()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.secondHalf(q)
	return r.point()
}

// point is a place at which the provider can be killed.
func (r resourceOutside) point() error {
	_, err := r.disk.ReadDir("/")
	if err != nil && !errors.Is(err, disktest.ErrPower) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.hurt = true
	}
	return err
}

// nothingToDo looks, as a provider does before it changes anything.
func (r resourceOutside) nothingToDo(q sdk.ApplyRequest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	thing, there := r.things[q.Address]
	switch {
	case r.halves[q.Token] > 0:
		return r.halves[q.Token] == 2
	case q.After.IsNull():
		return !there
	}
	return there && !thing.half && !q.Before.IsNull() && thing.value.RawEquals(r.complete(q))
}

func (r resourceOutside) firstHalf(q sdk.ApplyRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.halves[q.Token] > 0 {
		return
	}
	r.halves[q.Token] = 1
	thing, there := r.things[q.Address]
	r.note(q, 1, there && q.Before.IsNull())
	if !there {
		thing.value = r.complete(q)
	}
	r.put(q.Address, thing.value, true)
}

func (r resourceOutside) secondHalf(q sdk.ApplyRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halves[q.Token] = 2
	r.note(q, 2, false)
	if q.After.IsNull() {
		delete(r.things, q.Address)
		return
	}
	r.put(q.Address, r.complete(q), false)
}

func (o *outside) put(address string, v cty.Value, half bool) {
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		panic(err) // what is unknown or sensitive does not come here
	}
	o.things[address] = thingOutside{v, half, fmt.Sprintf("%s half=%v %s\n", address, half, text)}
}

func (r resourceOutside) note(q sdk.ApplyRequest, half int, over bool) {
	verb := "update"
	switch {
	case q.After.IsNull():
		verb = "delete"
	case q.Before.IsNull():
		verb = "create"
	}
	e := effect{epoch: r.epoch, undo: q.Undo, verb: verb, address: q.Address, half: half, at: r.disk.Operations(), over: over}
	e.text = fmt.Sprintln(e, over)
	r.ledger = append(r.ledger, e)
}

// complete fills computed attributes, the same for the same address.
func (r resourceOutside) complete(q sdk.ApplyRequest) cty.Value {
	h := fnv.New32()
	_, _ = h.Write([]byte(q.Address))
	number := cty.NumberIntVal(int64(20000 + h.Sum32()%10000))
	attributes := q.After.AsValueMap()
	for name, a := range r.schema.Attributes {
		switch {
		case !a.Computed || !attributes[name].IsNull():
		case a.Type == cty.String:
			attributes[name] = cty.StringVal("made for " + q.Address)
		case a.Type == cty.Number:
			attributes[name] = number
		default:
			attributes[name] = cty.MapVal(map[string]cty.Value{"web": number})
		}
	}
	return cty.ObjectVal(attributes)
}

// picture is the world as text, for comparing.
func (o *outside) picture() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var s strings.Builder
	for _, address := range slices.Sorted(maps.Keys(o.things)) {
		s.WriteString(o.things[address].text)
	}
	return s.String()
}

// trace is the world and all that was done to it, as text.
func (o *outside) trace() string {
	var s strings.Builder
	s.WriteString(o.picture())
	for _, e := range o.ledger {
		s.WriteString(e.text)
	}
	return s.String()
}

// deeds is what was done in one apply, in order.
func (o *outside) deeds(epoch int) (deeds []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.ledger {
		if e.epoch == epoch {
			deeds = append(deeds, e.String())
		}
	}
	return deeds
}

// twice lists what was done more than once in one apply, or over something else.
func (o *outside) twice() (twice []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := map[string]bool{}
	for _, e := range o.ledger {
		if seen[e.String()] || e.over {
			twice = append(twice, e.String())
		}
		seen[e.String()] = true
	}
	return twice
}
