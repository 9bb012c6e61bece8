package function

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Step is the name under which the functions of a Meter hold one that is no function of the language: whoever carries
// out a loop calls it with the number of steps that it is about to take. No identifier is spelled like it.
const Step = "a step of a loop"

// The bounds of one evaluation. A step of a loop counts as stepCost elements, since it makes and drops values that a
// function only walks over. Each component of a stack adds to what is allowed.
const (
	maxWork       = 8_000_000 // elements, and 64 bytes of text count as one
	workComponent = 20_000
	stepCost      = 100
	maxTime       = 20 * time.Second
	timeComponent = 10 * time.Millisecond
)

var errWork = errors.New("this evaluation has too much to do: loops and function calls work through too many elements; write large content into a payload file")
var errTime = errors.New("this evaluation takes too long")

// Meter bounds the work of loops and function calls that share it. A recipe is foreign text: one line must not keep a
// machine busy. It is safe for concurrent use; the zero value is not ready, NewMeter's is.
type Meter struct {
	left atomic.Int64 // elements
	end  atomic.Int64 // nanoseconds since 1970; 0 while paused
	time atomic.Int64 // nanoseconds that are left while paused
}

// NewMeter returns a meter for an evaluation that is about no component. It is not paused.
func NewMeter() *Meter {
	m := &Meter{}
	m.Reset(0)
	m.Resume()
	return m
}

// Reset begins another evaluation, of a stack with so many components. It is paused: its time runs between Resume and
// Pause, since an apply waits long between what it evaluates.
func (m *Meter) Reset(components int) {
	m.left.Store(maxWork + int64(components)*workComponent)
	m.time.Store(int64(maxTime + time.Duration(components)*timeComponent))
	m.end.Store(0)
}

// Resume lets the time run. One goroutine at a time may resume and pause.
func (m *Meter) Resume() { m.end.Store(time.Now().UnixNano() + m.time.Load()) }

// Pause stops the time.
func (m *Meter) Pause() { m.time.Store(m.end.Swap(0) - time.Now().UnixNano()) }

// spend counts work; it fails once there was too much.
func (m *Meter) spend(elements int64) error {
	if m.left.Add(-elements) < 0 {
		return errWork
	}
	if end := m.end.Load(); end != 0 && time.Now().UnixNano() > end {
		return errTime
	}
	return nil
}

// Functions returns every function, metered, and Step.
func (m *Meter) Functions() map[string]function.Function {
	metered := make(map[string]function.Function, len(all())+1)
	for name, f := range all() {
		metered[name] = m.meter(f)
	}
	metered[Step] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "steps", Type: cty.Number}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			steps, _ := args[0].AsBigFloat().Int64()
			return cty.True, m.spend(steps * stepCost)
		},
	})
	return metered
}

// meter is f behind a count of what its arguments hold.
func (m *Meter) meter(f function.Function) function.Function {
	return function.New(&function.Spec{
		Description: f.Description(),
		Params:      f.Params(),
		VarParam:    f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			work := int64(1)
			for _, a := range args {
				work += Weight(a)
			}
			if err := m.spend(work); err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return finite(f.Call(args)) },
	})
}

// Weight is roughly how many elements v holds, those within them included; 64 bytes of text count as one.
func Weight(v cty.Value) int64 {
	v, _ = v.Unmark()
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() {
		return 0
	}
	switch {
	case v.Type() == cty.String:
		return int64(len(v.AsString()) / 64)
	case v.CanIterateElements():
		sum := int64(0)
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			sum += 1 + Weight(element)
		}
		return sum
	}
	return 0
}
